import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { main } from '../../src/main.js';
import { type ScriptedTerminal, scriptedTerminal } from '../scripted-terminal.js';

async function withConfig(config: unknown): Promise<ScriptedTerminal> {
  const terminal = await scriptedTerminal();
  await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(config));
  return terminal;
}

const CONFIG = {
  Routes: [
    {
      Key: 'everything',
      UpstreamPathTemplate: '/{all}',
      DownstreamPathTemplate: '/{all}',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 81 }],
    },
    {
      Key: 'chat',
      UpstreamPathTemplate: '/chat',
      UpstreamHttpMethod: ['Get'],
      DownstreamPathTemplate: '/ws',
      DownstreamScheme: 'ws',
      Priority: 7,
      DownstreamHostAndPorts: [
        { Host: 'a', Port: 1 },
        { Host: 'b', Port: 2 },
      ],
      LoadBalancerOptions: { Type: 'LeastConnection' },
    },
    {
      Key: 'tenant',
      UpstreamPathTemplate: '/chat',
      UpstreamHost: 'a.example.com',
      DownstreamPathTemplate: '/ws',
      DownstreamScheme: 'wss',
      ServiceName: 'tenants',
    },
  ],
};

describe('ocelot routes', () => {
  it('prints one line per route in the order in which they are asked', async () => {
    const terminal = await withConfig(CONFIG);

    expect(await main(['routes'], terminal)).toBe(0);

    const [headings, ...lines] = terminal.out().trimEnd().split('\n');
    expect(headings).toMatch(/^path +host +methods +priority +backends +balancer +id$/);
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['/chat', 'a.example.com', 'any', '1', 'wss://{tenants}/ws', 'NoLoadBalancer', 'tenant'],
      ['/chat', '*', 'GET', '7', 'ws://a:1 ws://b:2/ws', 'LeastConnection', 'chat'],
      ['/{all}', '*', 'any', '0', 'http(s)://localhost:81/{all}', 'NoLoadBalancer', 'everything'],
    ]);
  });

  it('prints the compiled routes as data with --json', async () => {
    const terminal = await withConfig(CONFIG);

    expect(await main(['routes', '--json'], terminal)).toBe(0);

    expect(JSON.parse(terminal.out())).toMatchObject({
      routes: [
        { id: 'tenant', source: { kind: 'discovered', service: { name: 'tenants' } } },
        { id: 'chat', location: 'ocelot.json#/Routes/1', match: { methods: ['GET'], priority: 7 } },
        { id: 'everything', match: { priority: 0 } },
      ],
      dynamic: null,
    });
  });

  it('hides the secret of an affinity cookie, wherever it is written', async () => {
    const [route] = CONFIG.Routes;
    const Secret = 'correct horse battery staple';
    const terminal = await withConfig({
      Routes: [
        { ...route, Key: 'own', UpstreamPathTemplate: '/own', LoadBalancerOptions: { Type: 'AffinityCookie', Secret } },
        { ...route, Key: 'shared', UpstreamPathTemplate: '/shared' },
      ],
      GlobalConfiguration: { LoadBalancerOptions: { Type: 'AffinityCookie', Secret } },
    });

    expect(await main(['routes', '--json'], terminal)).toBe(0);

    expect(terminal.out()).not.toContain('battery');
    expect(JSON.parse(terminal.out())).toMatchObject({
      routes: [{ balancing: { options: { Secret: '***' } } }, { balancing: { options: { Secret: '***' } } }],
    });
  });

  it('prints what dynamic routing does', async () => {
    const ServiceDiscoveryProvider = { Type: 'Consul', Host: '127.0.0.1', Port: 1 };
    const terminal = await withConfig({
      DynamicRoutes: [{ ServiceName: 'orders', DownstreamScheme: 'wss' }],
      GlobalConfiguration: { ServiceDiscoveryProvider, DownstreamScheme: 'ws' },
    });

    expect(await main(['routes'], terminal)).toBe(0);

    expect(terminal.out()).toContain('dynamic routing:');
    expect(terminal.out()).toContain('wss://{orders}');
  });

  it('says so when there is no route', async () => {
    const terminal = await withConfig({});

    expect(await main(['routes'], terminal)).toBe(0);

    expect(terminal.err()).toContain('There is no route');
  });

  it('ends with 2 and every problem when the configuration is wrong', async () => {
    const terminal = await withConfig({ Routes: [{ UpstreamPathTemplate: 'no-slash' }] });

    expect(await main(['routes'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: ocelot\.json#\/Routes\/0/m);
  });
});
