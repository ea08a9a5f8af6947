import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { main } from '../../src/main.js';
import { type ScriptedTerminal, scriptedTerminal } from '../scripted-terminal.js';

const host = { DownstreamHostAndPorts: [{ Host: '10.0.0.1', Port: 81 }] };
const CONFIG = {
  Routes: [
    {
      Key: 'chat',
      UpstreamPathTemplate: '/chat/{room}',
      DownstreamPathTemplate: '/rooms/{room}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [
        { Host: '10.0.0.1', Port: 81 },
        { Host: '::1', Port: 82 },
      ],
      LoadBalancerOptions: { Type: 'RoundRobin' },
    },
    {
      Key: 'tenant',
      UpstreamPathTemplate: '/chat/{room}',
      UpstreamHost: 'a.example.com',
      DownstreamPathTemplate: '/a/{room}',
      DownstreamScheme: 'wss',
      ServiceName: 'chat-service',
    },
    {
      Key: 'post',
      UpstreamPathTemplate: '/post',
      UpstreamHttpMethod: ['POST'],
      DownstreamPathTemplate: '/',
      DownstreamHttpMethod: 'PUT',
      ...host,
    },
    {
      Key: 'any',
      UpstreamPathTemplate: '/any',
      DownstreamPathTemplate: '/',
      DownstreamHttpMethod: 'PUT',
      UpstreamHeaderTransform: { 'X-Public': '{BaseUrl}' },
      ...host,
    },
    {
      Key: 'inside',
      UpstreamPathTemplate: '/inside',
      DownstreamPathTemplate: '/',
      ...host,
      SecurityOptions: { IPAllowedList: ['10.0.0.0/8'] },
    },
  ],
  // Nothing listens there: explain connects to nothing.
  GlobalConfiguration: {
    BaseUrl: 'https://api.example.com',
    ServiceDiscoveryProvider: { Type: 'Consul', Host: '127.0.0.1', Port: 1 },
  },
};

async function explained(...argv: readonly string[]): Promise<{ terminal: ScriptedTerminal; code: number }> {
  const terminal = await scriptedTerminal();
  await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(CONFIG));
  return { terminal, code: await main(['explain', ...argv], terminal) };
}

async function asJson(...argv: readonly string[]): Promise<unknown> {
  const { terminal } = await explained(...argv, '--json');
  return JSON.parse(terminal.out());
}

describe('ocelot explain', () => {
  it('tells the route, the placeholders, every backend and the headers sent', async () => {
    const { terminal, code } = await explained('GET', 'ws://localhost/chat/42?x=1', '--header', 'X-Team: blue');

    expect(code).toBe(0);
    expect(terminal.out()).toContain('GET /chat/42?x=1  host localhost  WebSocket');
    expect(terminal.out()).toMatch(/declines.*tenant.*host localhost is not a\.example\.com/);
    expect(terminal.out()).toMatch(/answers.*chat/);
    expect(terminal.out()).toContain('not asked: 3 more routes');
    expect(terminal.out()).toContain('{room} = 42');
    expect(terminal.out()).toContain('backend  GET ws://10.0.0.1:81/rooms/42?x=1');
    expect(terminal.out()).toContain('backend  GET ws://[::1]:82/rooms/42?x=1');
    expect(terminal.out()).toContain('header   X-Team: blue');
    expect(terminal.out()).toContain('header   X-Forwarded-For: 127.0.0.1');
  });

  it('shows a service by its name: nothing is asked', async () => {
    expect(await asJson('GET', 'wss://A.example.com:5000/chat/42')).toMatchObject({
      request: { kind: 'upgrade', method: 'GET', host: 'a.example.com', path: '/chat/42', query: '' },
      matched: 'tenant',
      params: { room: '42' },
      backend: { urls: ['wss://{chat-service}/a/42'] },
      refusal: null,
    });
  });

  it('takes the host from a Host header', async () => {
    expect(await asJson('GET', '/chat/42', '--websocket', '--header', 'Host: a.example.com')).toMatchObject({
      matched: 'tenant',
    });
  });

  it('tells of every route why it declines when none answers, and ends with 0', async () => {
    const { terminal, code } = await explained('GET', '/post', '--websocket');

    expect(code).toBe(0);
    expect(terminal.out()).toMatch(/declines.*post.*method GET is not one of POST/);
    expect(terminal.out()).toMatch(/declines.*inside.*path \/post does not match \/inside/);
    expect(terminal.out()).toContain('answered with 404  OCELOT_ERR_ROUTE_NOT_FOUND');
  });

  it('tells when the route that answers refuses', async () => {
    expect(await asJson('GET', '/inside', '--websocket')).toMatchObject({
      matched: 'inside',
      backend: null,
      refusal: { status: 403, code: 'OCELOT_ERR_FORBIDDEN' },
    });
  });

  it('tells the address and the method of a plain request, which is http where an upgrade is ws', async () => {
    expect(await asJson('GET', '/chat/42')).toMatchObject({
      request: { kind: 'http' },
      matched: 'chat',
      backend: { method: 'GET', urls: ['http://10.0.0.1:81/rooms/42', 'http://[::1]:82/rooms/42'] },
      refusal: null,
    });
    expect(await asJson('GET', 'https://a.example.com/chat/42')).toMatchObject({
      backend: { urls: ['https://{chat-service}/a/42'] },
    });
  });

  it('tells the method of DownstreamHttpMethod, which upgrades do not take', async () => {
    expect(await asJson('POST', '/post')).toMatchObject({ backend: { method: 'PUT', urls: ['http://10.0.0.1:81/'] } });
    expect(await asJson('GET', '/any', '--websocket')).toMatchObject({ backend: { method: 'GET' } });
  });

  it('speaks as the client does where the route names no scheme', async () => {
    expect(await asJson('POST', 'https://localhost/post')).toMatchObject({
      backend: { urls: ['https://10.0.0.1:81/'] },
    });
    expect(await asJson('GET', 'wss://localhost/any')).toMatchObject({ backend: { urls: ['wss://10.0.0.1:81/'] } });
  });

  it('applies UpstreamHeaderTransform, as the gateway does', async () => {
    const { terminal } = await explained('GET', '/any');
    expect(terminal.out()).toContain('header   X-Public: https://api.example.com');
  });

  it('does not change the path: dot segments are removed when it is matched', async () => {
    expect(await asJson('GET', 'ws://localhost/x/../chat/42')).toMatchObject({
      request: { path: '/x/../chat/42' },
      matched: 'chat',
      backend: { urls: expect.arrayContaining(['ws://10.0.0.1:81/rooms/42']) },
    });
  });

  it.each([
    ['chat/42', 'is neither a path nor an address'],
    ['/chat\\42', 'answers such a request with 400'],
  ])('ends with 2 for the URL %s', async (url, message) => {
    const { terminal, code } = await explained('GET', url);
    expect(code).toBe(2);
    expect(terminal.err()).toContain(message);
  });

  it('ends with 2 for a header that is none', async () => {
    const { terminal, code } = await explained('GET', '/chat/42', '--header', 'nonsense');
    expect(code).toBe(2);
    expect(terminal.err()).toContain("Write it as 'Name: value'.");
  });
});

describe('ocelot explain, with dynamic routing', () => {
  it('names the service that the path names', async () => {
    const terminal = await scriptedTerminal();
    const ServiceDiscoveryProvider = { Type: 'Consul', Host: '127.0.0.1', Port: 1 };
    const config = { GlobalConfiguration: { ServiceDiscoveryProvider, DownstreamScheme: 'ws' } };
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(config));

    expect(await main(['explain', 'GET', '/orders/live', '--websocket', '--json'], terminal)).toBe(0);

    expect(JSON.parse(terminal.out())).toMatchObject({
      refusal: null,
      backend: { urls: ['ws://{orders}/live'] },
    });
  });

  it('names it when the request is refused, too', async () => {
    const terminal = await scriptedTerminal();
    const config = {
      GlobalConfiguration: {
        ServiceDiscoveryProvider: { Type: 'Consul', Host: '127.0.0.1', Port: 1 },
        SecurityOptions: { IPBlockedList: ['127.0.0.1'] },
      },
    };
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(config));

    expect(await main(['explain', 'GET', '/orders/live', '--websocket'], terminal)).toBe(0);

    expect(terminal.out()).toMatch(/answers.*dynamic routing.*\n[^]*answered with 403/);
  });

  it('says why a request is refused, as the log would', async () => {
    const terminal = await scriptedTerminal();
    const route = {
      UpstreamPathTemplate: '/chat',
      DownstreamPathTemplate: '/ws',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 81 }],
      RateLimitOptions: { Limit: 5, Period: '1m' },
    };
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify({ Routes: [route] }));

    expect(await main(['explain', 'GET', 'ws://localhost/chat'], terminal)).toBe(0);

    expect(terminal.out()).toMatch(
      /answered with 503 .*\n {2}because {2}the request has none of what clients are told apart by/,
    );
  });
});
