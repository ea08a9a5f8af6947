import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { echoBackend } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { main } from '../../src/main.js';
import { scriptedTerminal } from '../scripted-terminal.js';
import { openSocket, refusal, running, start, writeConfig } from './running.js';

const routeTo = (port: number, path = '/chat/{room}'): object => ({
  Key: 'chat',
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/rooms/{room}',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
});

async function backend(): Promise<number> {
  const echo = await echoBackend();
  onTestFinished(() => echo.close());
  return echo.port;
}

describe('ocelot run', () => {
  it('prints one line on stdout once it accepts, and carries messages', async () => {
    const { terminal, port } = await running({ Routes: [routeTo(await backend())] });

    const socket = await openSocket(port, '/chat/42');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];

    expect(String(message)).toBe('hello');
    expect(terminal.out()).toBe(`listening on http://127.0.0.1:${port}\n`);
  });

  it('ends with 2 before the port opens when a certificate cannot be used', async () => {
    const terminal = await scriptedTerminal();
    const Tls = { CertFile: 'no.crt', KeyFile: 'no.key' };
    await writeConfig(terminal, { Routes: [routeTo(1)], GlobalConfiguration: { Gateway: { Tls } } });

    expect(await main(['run', '--port', '0'], terminal)).toBe(2);

    expect(terminal.err()).toContain('#/GlobalConfiguration/Gateway/Tls/CertFile');
    expect(terminal.err()).toContain('no.crt cannot be read: it does not exist (ENOENT)');
    expect(terminal.out()).toBe('');
  });

  it('ends with 0 after SIGTERM, having closed open sockets with 1012 (RFC 6455 §7.4, IANA 1012)', async () => {
    const { terminal, port, ended } = await running({ Routes: [routeTo(await backend())] });
    const socket = await openSocket(port, '/chat/42');
    const closed = once(socket, 'close');

    terminal.send('SIGTERM');

    expect((await closed)[0]).toBe(1012);
    expect(await ended).toBe(0);
    expect(terminal.listeners()).toBe(0);
  });

  it('logs one line per connection at its end', async () => {
    const { terminal, port } = await running({ Routes: [routeTo(await backend())] });
    const socket = await openSocket(port, '/chat/42');
    socket.send('hello');
    await once(socket, 'message');
    socket.close(4001, 'bye');

    // Not the line that names the port: that may hold these digits too.
    const [line] = await terminal.until(/^\{.*"closeCode":4001.*$/m);

    expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: expect.any(String) });
    expect(line).toContain('"chat"');
  });

  it('ends at once with 1 when a second signal comes while a socket is still open', async () => {
    const config = {
      Routes: [routeTo(await backend())],
      GlobalConfiguration: { Gateway: { Drain: { DeadlineMs: 60_000 }, CloseTimeoutMs: 60_000 } },
    };
    const { terminal, port, ended } = await running(config);
    const socket = await openSocket(port, '/chat/42');
    socket.pause(); // It never answers the Close.

    terminal.send('SIGTERM');
    terminal.send('SIGINT');

    expect(await ended).toBe(1);
    expect(terminal.err()).toContain('second signal');
  });

  it('reloads on SIGHUP', async () => {
    const port = await backend();
    const gateway = await running({ Routes: [routeTo(port)] });
    expect(await refusal(gateway.port, '/news/1')).toBe(404);

    await writeConfig(gateway.terminal, { Routes: [routeTo(port, '/news/{room}')] });
    gateway.terminal.send('SIGHUP');
    await gateway.terminal.until(/configuration reloaded/);

    expect(await openSocket(gateway.port, '/news/1')).toHaveProperty('readyState', 1);
    expect(await refusal(gateway.port, '/chat/1')).toBe(404);
  });

  it('keeps the configuration in force when the new one is wrong, and says why', async () => {
    const { terminal, port } = await running({ Routes: [routeTo(await backend())] });

    await writeFile(join(terminal.cwd, 'ocelot.json'), '{ "Routes": [');
    terminal.send('SIGHUP');
    await terminal.until(/configuration not reloaded: revision 1 stays in force/);

    expect(terminal.err()).toMatch(/ocelot\.json.*line 1/);
    expect(await openSocket(port, '/chat/1')).toHaveProperty('readyState', 1);
  });

  it('reloads by itself with --watch', async () => {
    const port = await backend();
    const gateway = await running({ Routes: [routeTo(port)] }, '--watch');

    await writeConfig(gateway.terminal, { Routes: [routeTo(port, '/news/{room}')] });
    await gateway.terminal.until(/ocelot\.json changed.*configuration reloaded/);

    expect(await openSocket(gateway.port, '/news/1')).toHaveProperty('readyState', 1);
  });

  it('warns at start of what is not acted on, ten lines at most', async () => {
    const port = await backend();
    const misspelt = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`Nonsense${index}`, 1]));
    const { terminal } = await running({ Routes: [{ ...routeTo(port), ...misspelt }] });

    expect(terminal.err().match(/"level":"warn"/g)).toHaveLength(11);
    expect(terminal.err()).toContain('5 more warnings: run ocelot validate');
  });

  it('listens although the registry is away: its routes answer 503 until it is back', async () => {
    const { port, terminal } = await running(awayFromRegistry());

    expect(await refusal(port, '/chat/1')).toBe(503);
    expect(terminal.err()).toMatch(/"level":"warn".*chat-service/);
  });

  it('ends with 1 instead with --require-discovery', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, awayFromRegistry());

    expect(await main(['run', '--port', '0', '--require-discovery'], terminal)).toBe(1);

    expect(terminal.err()).toMatch(/^error: The service registry cannot be asked for chat-service/m);
    expect(terminal.out()).toBe('');
  });
});

describe('ocelot run, when it cannot start', () => {
  it('ends with 2 and every problem when the configuration is wrong', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [{ UpstreamPathTemplate: 'no-slash' }] });

    expect(await main(['run', '--port', '0'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: ocelot\.json#\/Routes\/0/m);
  });

  it('ends with 2 when a type is not registered, naming what is', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [{ ...routeTo(1), LoadBalancerOptions: { Type: 'Magic' } }] });

    expect(await main(['run', '--port', '0'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/"Magic" is not registered \(registered: .*RoundRobin/);
  });

  it('ends with 2 when there is no configuration, and says how to get one', async () => {
    const terminal = await scriptedTerminal();

    expect(await main(['run'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: ocelot\.json does not exist[^]*ocelot init/);
  });

  it('ends with 3 when the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [routeTo(1)] });

    expect(await main(['run', '--port', String(port)], terminal)).toBe(3);

    expect(terminal.err()).toContain(`Port ${port} on 127.0.0.1 is taken`);
    expect(terminal.out()).toBe('');
  });

  it('ends with 1 and one message when the configuration lies in a Consul that is away', async () => {
    const terminal = await scriptedTerminal();
    const ServiceDiscoveryProvider = { Type: 'Consul', Host: '127.0.0.1', Port: 1, ConfigurationKey: 'gateway' };
    await writeConfig(terminal, { Routes: [routeTo(1)], GlobalConfiguration: { ServiceDiscoveryProvider } });

    expect(await main(['run', '--port', '0'], terminal)).toBe(1);

    expect(terminal.err()).toMatch(/^error: The configuration cannot be read from Consul: /m);
    expect(terminal.err()).toContain('127.0.0.1:1');
  });

  it('ends with 0 when it is stopped before it accepts', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, awayFromRegistry());
    const ended = main(['run', '--port', '0'], terminal);
    await new Promise((resolve) => setImmediate(resolve));

    terminal.send('SIGTERM');

    expect(await ended).toBe(0);
    expect(terminal.out()).toBe('');
  });
});

describe('ocelot run, with plugins', () => {
  const registry = (name: string, port: number): string => `
    const endpoints = [Object.freeze({ host: '127.0.0.1', port: ${port}, weight: 1, tags: [], metadata: {} })];
    const plugin = { name: '${name}', setup(registry) {
      registry.discovery('${name}', () => ({
        subscribe(service, observer) {
          queueMicrotask(() => observer.next(endpoints));
          return { unsubscribe() {} };
        },
        async close() {},
      }));
    } };`;
  const usingRegistry = (type: string): object => ({
    Routes: [{ ...routeTo(1), DownstreamHostAndPorts: [], ServiceName: 'chat' }],
    GlobalConfiguration: { ServiceDiscoveryProvider: { Type: type, Host: 'localhost', Port: 1 } },
  });

  it('finds ocelot.config.mjs in the working directory', async () => {
    const terminal = await scriptedTerminal();
    const code = `${registry('Mine', await backend())} export default { config: 'mine.json', plugins: [plugin] };`;
    await writeFile(join(terminal.cwd, 'ocelot.config.mjs'), code);
    await writeFile(join(terminal.cwd, 'mine.json'), JSON.stringify(usingRegistry('Mine')));

    const { port } = await start(terminal);

    expect(await openSocket(port, '/chat/1')).toHaveProperty('readyState', 1);
  });

  it('loads the plugin that --plugin names', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, usingRegistry('Other'));
    const code = `${registry('Other', await backend())} export { plugin };`;
    await writeFile(join(terminal.cwd, 'other.mjs'), code);

    const { port } = await start(terminal, '--plugin', './other.mjs');

    expect(await openSocket(port, '/chat/1')).toHaveProperty('readyState', 1);
  });

  it('lets a plugin take the place of one that the command brings', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, usingRegistry('Consul'));
    const code = registry('@ocelot/discovery-consul', await backend()).replace(
      "discovery('@ocelot/discovery-consul'",
      "discovery('Consul'",
    );
    await writeFile(join(terminal.cwd, 'consul.mjs'), `${code} export default () => plugin;`);

    const { port } = await start(terminal, '--plugin', 'consul.mjs');

    expect(await openSocket(port, '/chat/1')).toHaveProperty('readyState', 1);
  });

  it('lets a stage of a plugin refuse: OCELOT_ERR_UNAUTHENTICATED is 401 (RFC 9110 §15.5.2)', async () => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [routeTo(1)] });
    // The plugin has no core of its own here: errors are known by their brand, not by their class.
    const code = `
      const refusal = Object.assign(new Error('Who are you?'), {
        code: 'OCELOT_ERR_UNAUTHENTICATED', status: 401, source: 'client', details: {}, headers: {},
        [Symbol.for('ocelot.GatewayError')]: true,
      });
      const stage = { name: 'token', phase: 'authenticate', forRoute: () => () => { throw refusal; } };
      export const plugin = { name: 'token', setup: (registry) => registry.stage(stage) };`;
    await writeFile(join(terminal.cwd, 'token.mjs'), code);

    const { port } = await start(terminal, '--plugin', './token.mjs');

    expect(await refusal(port, '/chat/1')).toBe(401);
    expect(terminal.err()).toContain('OCELOT_ERR_UNAUTHENTICATED');
  });

  it.each([
    ['export const nothing = 1;', 'exports no plugin'],
    ['export default { name: "x" };', 'exports no plugin'],
    ['throw new Error("no licence");', 'fails to load: no licence'],
    ['import "no-such-package";', 'npm install no-such-package'],
  ])('ends with 2 for a plugin that says %s', async (code, message) => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [routeTo(1)] });
    await writeFile(join(terminal.cwd, 'bad.mjs'), code);

    expect(await main(['run', '--port', '0', '--plugin', './bad.mjs'], terminal)).toBe(2);

    expect(terminal.err()).toContain(message);
  });

  it.each([
    ['export default [];', 'is no plugin'],
    ['export default { plugins: [() => ({})] };', 'Call it'],
    ['export default { plugins: {} };', '"plugins" is not a list'],
    ['export default { config: 7 };', '"config" is neither a path'],
    ['export const x = 1;', 'no default export'],
  ])('ends with 2 for a configuration module that says %s', async (code, message) => {
    const terminal = await scriptedTerminal();
    await writeConfig(terminal, { Routes: [routeTo(1)] });
    await writeFile(join(terminal.cwd, 'ocelot.config.mjs'), code.replace('[];', '{ plugins: [1] };'));

    expect(await main(['run', '--port', '0'], terminal)).toBe(2);

    expect(terminal.err()).toContain(message);
  });
});

/** A route whose Consul is not there: nothing listens on port 1. */
function awayFromRegistry(): object {
  return {
    Routes: [{ ...routeTo(1), DownstreamHostAndPorts: [], ServiceName: 'chat-service' }],
    GlobalConfiguration: { ServiceDiscoveryProvider: { Type: 'Consul', Host: '127.0.0.1', Port: 1 } },
  };
}
