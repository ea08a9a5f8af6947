import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { main } from '../../src/main.js';
import { type ScriptedTerminal, scriptedTerminal } from '../scripted-terminal.js';

async function withConfig(text: string): Promise<ScriptedTerminal> {
  const terminal = await scriptedTerminal();
  await writeFile(join(terminal.cwd, 'ocelot.json'), text);
  return terminal;
}

const GOOD = `{ "Routes": [{
  "UpstreamPathTemplate": "/", "DownstreamPathTemplate": "/ws", "DownstreamScheme": "ws",
  "DownstreamHostAndPorts": [{ "Host": "localhost", "Port": 81 }]
}] }`;

describe('ocelot validate', () => {
  it('ends with 0 and one line when the configuration can be used', async () => {
    const terminal = await withConfig(GOOD);

    expect(await main(['validate'], terminal)).toBe(0);

    expect(terminal.out()).toBe('ocelot.json: the configuration can be used\n');
    expect(terminal.err()).toBe('');
  });

  it('ends with 2 and lists every problem with its place', async () => {
    const terminal = await withConfig(`{ "Routes": [
      { "UpstreamPathTemplate": "no-slash", "DownstreamPathTemplate": "/a" },
      { "UpstreamPathTemplate": "/b", "DownstreamPathTemplate": "no-slash" }
    ] }`);

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: ocelot\.json#\/Routes\/0.*line 2/m);
    expect(terminal.err()).toMatch(/^error: ocelot\.json#\/Routes\/1.*line 3/m);
    expect(terminal.err()).toMatch(/^\d+ errors, \d+ warnings?$/m);
    expect(terminal.out()).toContain('cannot be used');
  });

  it('says line and column of bad JSON', async () => {
    const terminal = await withConfig('{\n  "Routes": [\n');

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: ocelot\.json.*\(line \d, column \d+\)/m);
  });

  it('ends with 2 when a certificate cannot be read, and says which key names it', async () => {
    const terminal = await withConfig(
      GOOD.replace(
        '"Routes"',
        '"GlobalConfiguration": { "Gateway": { "Tls": { "CertFile": "no.crt", "KeyFile": "no.key" } } }, "Routes"',
      ),
    );

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(
      /^error: ocelot\.json#\/GlobalConfiguration\/Gateway\/Tls\/CertFile \(line 1, column \d+\): no\.crt cannot be read: it does not exist/m,
    );
  });

  it('says what a plugin has to object, with file and line', async () => {
    const terminal = await withConfig(
      GOOD.replace(
        '"Routes"',
        '"GlobalConfiguration": { "Gateway": { "Authentication": { "Providers": {\n"T": { "Type": "Passport" } } } } }, "Routes"',
      ).replace('"Downstream', '"AuthenticationOptions": { "AuthenticationProviderKeys": ["T"] }, "Downstream'),
    );

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(
      /^error: ocelot\.json#\/GlobalConfiguration\/Gateway\/Authentication\/Providers\/T\/Type \(line 2, column \d+\)/m,
    );
  });

  it('warns of what a plugin would warn of at the start', async () => {
    const terminal = await withConfig(
      GOOD.replace('"Downstream', '"QoSOptions": { "MinimumThroughput": 3, "BreakDuration": 5 }, "Downstream'),
    );

    expect(await main(['validate'], terminal)).toBe(0);

    expect(terminal.err()).toMatch(
      /^warning: ocelot\.json#\/Routes\/0\/QoSOptions\/BreakDuration \(line 2, column \d+\): .*\(value: 5, /m,
    );
  });

  it('warns of a misspelt key without refusing the file', async () => {
    const terminal = await withConfig(
      GOOD.replace('"Routes"', '"GlobalConfiguratioin": { "BaseUrl": "http://a" }, "Routes"'),
    );

    expect(await main(['validate'], terminal)).toBe(0);

    expect(terminal.err()).toMatch(/^warning: .*GlobalConfiguratioin/m);
  });

  it('gives the same as one JSON object with --json', async () => {
    const terminal = await withConfig('{ "Routes": [{ "UpstreamPathTemplate": "no-slash" }] }');

    expect(await main(['validate', '--json'], terminal)).toBe(2);

    expect(terminal.err()).toBe('');
    expect(JSON.parse(terminal.out())).toMatchObject({
      valid: false,
      files: ['ocelot.json'],
      issues: expect.arrayContaining([
        expect.objectContaining({ severity: 'error', source: expect.stringContaining('#/Routes/0') }),
      ]),
    });
  });

  it('ends with 2 when the file is missing', async () => {
    const terminal = await scriptedTerminal();

    expect(await main(['validate', 'no.json'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: no\.json does not exist/);
  });

  it('refuses a type that nobody registered, and names what is registered', async () => {
    const terminal = await withConfig(
      GOOD.replace('"DownstreamScheme"', '"LoadBalancerOptions": { "Type": "Magic" }, "DownstreamScheme"'),
    );

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/"Magic" is not registered \(registered: .*RoundRobin/);
  });

  it.each([
    [
      'a route names a service',
      { Routes: [{ ...JSON.parse(GOOD).Routes[0], DownstreamHostAndPorts: [], ServiceName: 'a' }] },
    ],
    ['services are named by paths', {}],
  ])('ends with 2 for an option that Consul refuses when %s', async (_, routes) => {
    const ServiceDiscoveryProvider = { Type: 'Consul', Scheme: 'ftp', Port: 8500 };
    const terminal = await withConfig(JSON.stringify({ ...routes, GlobalConfiguration: { ServiceDiscoveryProvider } }));

    expect(await main(['validate'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(
      /^error: ocelot\.json#\/GlobalConfiguration\/ServiceDiscoveryProvider \(line 1, column \d+\): .*Scheme must be "http" or "https" for Consul/m,
    );
  });
});
