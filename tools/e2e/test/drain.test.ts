// Situation: a gateway with open sockets is told to stop.
// Action: SIGTERM.
// Expected: clients are told with Close 1012, nobody can hold the process, and it exits with 0.
import { echoBackend, rawClient, type EchoBackend } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runOcelot } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

let service: EchoBackend;

beforeEach(async () => {
  service = await echoBackend();
});

afterEach(() => service.close());

const config = (drain: object = {}): object => ({
  Routes: [
    {
      UpstreamPathTemplate: '/{everything}',
      DownstreamPathTemplate: '/{everything}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
    },
  ],
  GlobalConfiguration: { Gateway: { Drain: drain } },
});

describe('SIGTERM', () => {
  it('closes open sockets with 1012 and exits with 0 (RFC 6455 §7.4, code registered with IANA)', async () => {
    const gateway = await runOcelot(config());
    const client = await talk(`ws://${gateway.authority}/room`);
    expect(await client.ask('hello')).toBe('hello');
    const { code } = await gateway.stop();
    expect(await client.closed).toMatchObject({ code: 1012 });
    expect(code).toBe(0);
  });

  it('uses the code that Drain.CloseCode names', async () => {
    const gateway = await runOcelot(config({ CloseCode: 1001 }));
    const client = await talk(`ws://${gateway.authority}/room`);
    await gateway.stop();
    expect(await client.closed).toMatchObject({ code: 1001 });
  });

  it('is not held by a client that ignores the Close frame: the deadline cuts it', async () => {
    const gateway = await runOcelot(config({ DeadlineMs: 500 }));
    const client = await rawClient(gateway.port);
    await client.upgrade();
    const { code } = await gateway.stop();
    expect(code).toBe(0);
    client.destroy();
  });

  it('exits at once when nothing is open', async () => {
    const gateway = await runOcelot(config());
    expect(await gateway.stop()).toMatchObject({ code: 0 });
  });
});
