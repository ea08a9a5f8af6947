// Situation: the file changes while sockets are open.
// Action: SIGHUP.
// Expected: open sockets chat on, new routes answer, and a broken file changes nothing.
import { echoBackend, type EchoBackend } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

let service: EchoBackend;
let gateway: RunningOcelot;

const route = (path: string, extra: object = {}): object => ({
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
  ...extra,
});

beforeEach(async () => {
  service = await echoBackend();
  gateway = await runOcelot({ Routes: [route('/one')] });
});

afterEach(async () => {
  await gateway.stop();
  await service.close();
});

describe('SIGHUP', () => {
  it('brings new routes and keeps the sockets of the old ones', async () => {
    const client = await talk(`ws://${gateway.authority}/one`);
    await expect(talk(`ws://${gateway.authority}/two`)).rejects.toMatchObject({ status: 404 });
    await gateway.reload({ Routes: [route('/two')] });
    expect(await client.ask('still here')).toBe('still here');
    const second = await talk(`ws://${gateway.authority}/two`);
    expect(await second.ask('new')).toBe('new');
    await expect(talk(`ws://${gateway.authority}/one`)).rejects.toMatchObject({ status: 404 });
    await client.close();
    await second.close();
  });

  it('drops no message of open sockets over many reloads', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => talk(`ws://${gateway.authority}/one`)));
    for (let round = 0; round < 10; round++) {
      const reloading = gateway.reload({ Routes: [route('/one'), route(`/extra-${round}`)] });
      for (const [index, client] of clients.entries()) {
        expect(await client.ask(`${round}:${index}`)).toBe(`${round}:${index}`);
      }
      await reloading;
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it('keeps the old configuration when the new one is broken, and logs every problem', async () => {
    await gateway.write({ Routes: [{}] });
    gateway.signal('SIGHUP');
    await gateway.log((line) => String(line.msg).startsWith('configuration not reloaded'));
    const kinds = gateway
      .logs()
      .flatMap((line) => (line.level === 'error' && line.kind !== undefined ? [line.kind] : []));
    expect(kinds).toEqual(expect.arrayContaining(['DownstreamPathEmpty', 'UpstreamPathEmpty', 'NoHosts']));
    const client = await talk(`ws://${gateway.authority}/one`);
    expect(await client.ask('unchanged')).toBe('unchanged');
    await client.close();
  });

  it('ends the sockets of removed routes under CloseOnRouteRemoval, with 1012', async () => {
    const settings = { GlobalConfiguration: { Gateway: { CloseOnRouteRemoval: true } } };
    const client = await talk(`ws://${gateway.authority}/one`);
    await gateway.reload({ Routes: [route('/two')], ...settings });
    expect(await client.closed).toMatchObject({ code: 1012 });
  });
});
