import { createServer } from 'node:net';
import { once } from 'node:events';

import { GatewayError, type Plugin } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type BackendConnection,
  collectLeaks,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  type RawHead,
  SAMPLE_KEY,
  scriptedBackend,
  switchingHead,
  upgradeHead,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand, type StandOptions } from './gateway-stand.js';

let leaks: LeakWatch;
let closers: (() => Promise<void>)[];

beforeEach(() => {
  leaks = collectLeaks();
  closers = [];
});

afterEach(async () => {
  for (const close of closers.toReversed()) await close();
  await leaks.verify();
});

async function backend(...parameters: Parameters<typeof scriptedBackend>) {
  const started = await scriptedBackend(...parameters);
  closers.push(() => started.close());
  return started;
}

async function gateway(ports: readonly number[], options: StandOptions = {}): Promise<GatewayStand> {
  const started = await gatewayStand(ports, options);
  closers.push(() => started.close());
  return started;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A balancing policy that takes the first endpoint which was not tried. */
function firstOf(): Plugin {
  return {
    name: 'first-of',
    setup: (registry) =>
      registry.balancing('FirstOf', () => ({
        pick([first]) {
          if (first === undefined) throw new Error('a policy is never asked without candidates');
          return first;
        },
      })),
  };
}

/** Counts leases that are in force, by what exchanges defer. */
function exchangeCount(): { readonly plugin: Plugin; open: number; finished: number } {
  const count = {
    open: 0,
    finished: 0,
    plugin: {
      name: 'count',
      setup: (registry) =>
        registry.stage({
          name: 'count',
          phase: 'admit',
          forRoute: () => (exchange) => {
            count.open += 1;
            exchange.defer(() => {
              count.open -= 1;
              count.finished += 1;
            });
          },
        }),
    } satisfies Plugin,
  };
  return count;
}

const accepting = async (connection: BackendConnection): Promise<void> => void (await connection.accept());

describe('an upgrade that fails is answered, never cut (S4)', () => {
  it('404 when no route matches', async () => {
    const stand = await gateway([1], { route: { UpstreamPathTemplate: '/only' } });
    const client = await stand.client();
    const head = await client.upgrade({ target: '/other' });
    const body = JSON.parse((await client.readBody(head)).toString()) as Record<string, unknown>;
    expect(body).toMatchObject({
      status: 404,
      code: 'OCELOT_ERR_ROUTE_NOT_FOUND',
      requestId: expect.any(String) as string,
    });
    expect(await stand.event('upgrade.refused')).toMatchObject({ status: 404, exchangeId: body['requestId'] });
    expect(stand.lines.at(-1)).toMatchObject({ level: 'info', fields: { exchange: body['requestId'] } });
  });

  it('502 when the backend cannot be reached', async () => {
    const stand = await gateway([await deadPort()]);
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(502);
    expect(stand.lines.at(-1)).toMatchObject({ level: 'warn', fields: { code: 'OCELOT_ERR_BACKEND_UNREACHABLE' } });
  });

  it('502 when the backend hangs up without an answer', async () => {
    const { port } = await backend(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 10');
      connection.end();
    });
    const stand = await gateway([port]);
    const client = await stand.client();
    const head = await client.upgrade();
    expect(head.status).toBe(502);
    expect((await client.readBody(head)).toString()).toContain('OCELOT_ERR_BACKEND_LOST');
  });

  it('504 when the backend does not answer in time, half a status line included', async () => {
    const silent = await backend((connection) => void connection.send('HTTP/1.1 1'));
    const stand = await gateway([silent.port], { settings: { HandshakeTimeoutMs: 60 } });
    const client = await stand.client();
    const head = await client.upgrade();
    expect(head.status).toBe(504);
    expect((await client.readBody(head)).toString()).toContain('OCELOT_ERR_BACKEND_TIMEOUT');
    const connection = await silent.connection();
    await connection.ended;
  });

  it('504 when TLS is not answered within ConnectTimeoutMs', async () => {
    const silent = await backend();
    const stand = await gateway([silent.port], {
      settings: { ConnectTimeoutMs: 50 },
      route: { DownstreamScheme: 'wss' },
    });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(504);
    const connection = await silent.connection();
    await connection.ended;
  });

  it('408 when a stage takes the time of the handshake', async () => {
    const slow: Plugin = {
      name: 'slow',
      setup: (registry) =>
        registry.stage({ name: 'slow', phase: 'authenticate', forRoute: () => () => new Promise(() => {}) }),
    };
    const stand = await gateway([1], { plugins: [slow], relay: { handshakeMs: 50 } });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(408);
  });

  it('with the status, headers and message of the stage that refuses', async () => {
    const guard: Plugin = {
      name: 'guard',
      setup: (registry) =>
        registry.stage({
          name: 'guard',
          phase: 'authenticate',
          forRoute: () => () => {
            throw new GatewayError('OCELOT_ERR_RATE_LIMITED', {
              headers: { 'Retry-After': '7', 'X-Echo': 'a\r\nInjected: yes' },
            });
          },
        }),
    };
    const stand = await gateway([1], { plugins: [guard] });
    const client = await stand.client();
    const head = await client.upgrade();
    expect([head.status, head.get('retry-after'), head.get('injected')]).toEqual([429, '7', undefined]);
  });

  it('500 when a stage breaks, without telling the client why', async () => {
    const broken: Plugin = {
      name: 'broken',
      setup: (registry) =>
        registry.stage({
          name: 'broken',
          phase: 'transform',
          forRoute: () => () => {
            throw new Error('database password is hunter2');
          },
        }),
    };
    const stand = await gateway([1], { plugins: [broken] });
    const client = await stand.client();
    const head = await client.upgrade();
    expect(head.status).toBe(500);
    expect((await client.readBody(head)).toString()).not.toContain('hunter2');
    expect(JSON.stringify(stand.lines.at(-1)?.fields)).toContain('hunter2');
  });

  it('503 while the gateway drains', async () => {
    const stand = await gateway([1]);
    await stand.gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(503);
  });
});

describe('another endpoint is tried before anything has reached the client', () => {
  it('when the first cannot be reached', async () => {
    const alive = await backend(accepting);
    const stand = await gateway([await deadPort(), alive.port], {
      route: { LoadBalancerOptions: { Type: 'FirstOf' } },
      plugins: [firstOf()],
    });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(101);
  });

  it('when the first hangs up without an answer, or answers wrongly', async () => {
    const cut = await backend((connection) => connection.reset());
    const wrong = await backend(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    });
    const alive = await backend(accepting);
    const stand = await gateway([cut.port, wrong.port, alive.port], {
      plugins: [firstOf()],
      route: { LoadBalancerOptions: { Type: 'FirstOf' } },
    });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(101);
    expect([cut, wrong].map(({ connections }) => connections.length)).toEqual([1, 1]);
  });

  it('not when the first refuses: that is an answer', async () => {
    const refusing = await backend(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n');
    });
    const alive = await backend(accepting);
    const stand = await gateway([refusing.port, alive.port], {
      plugins: [firstOf()],
      route: { LoadBalancerOptions: { Type: 'FirstOf' } },
    });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(503);
    expect(alive.connections).toHaveLength(0);
  });

  it('when the first refuses with a status of Retry.On; the last answer is passed on as it is', async () => {
    const refusing = (status: number) =>
      backend(async (connection) => {
        await connection.readHead();
        connection.send(`HTTP/1.1 ${status} No\r\nContent-Length: 4\r\nX-Whose: ${status}\r\n\r\nfull`);
      });
    const [first, second] = [await refusing(503), await refusing(502)];
    const alive = await backend(accepting);
    const options = {
      settings: { Retry: { On: [502, 503] } },
      plugins: [firstOf()],
      route: { LoadBalancerOptions: { Type: 'FirstOf' } },
    };
    const stand = await gateway([first.port, second.port, alive.port], options);
    expect((await (await stand.client()).upgrade()).status).toBe(101);
    expect((await stand.line('trying another endpoint')).fields).toMatchObject({ cause: 'The backend answers 503.' });
    expect([first, second].map(({ connections }) => connections.length)).toEqual([1, 1]);
    const alone = await gateway([first.port, second.port], options);
    const client = await alone.client();
    const head = await client.upgrade();
    expect([head.status, head.get('x-whose')]).toEqual([502, '502']);
    expect((await client.readBody(head)).toString()).toBe('full');
  });

  it('at most Retry.Attempts times', async () => {
    const ports = [await deadPort(), await deadPort(), await deadPort()];
    const alive = await backend(accepting);
    const stand = await gateway([...ports, alive.port], {
      settings: { Retry: { Attempts: 1 } },
      plugins: [firstOf()],
      route: { LoadBalancerOptions: { Type: 'FirstOf' } },
    });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(502);
  });
});

// A client that is gone before the 101 must not leave its backend connection behind (S10).
describe('a client that leaves during the handshake', () => {
  it.each(['FIN', 'RST'])('by %s gives the backend attempt up and the lease back, once', async (how) => {
    const silent = await backend();
    const count = exchangeCount();
    const stand = await gateway([silent.port], { plugins: [count.plugin] });
    const client = await stand.client();
    client.send(upgradeHead());
    const connection = await silent.connection();
    await connection.readHead();
    if (how === 'FIN') client.end();
    else client.reset();
    await connection.ended;
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    const line = await stand.line('upgrade refused');
    expect([line.level, line.fields['status']]).toEqual(['info', 499]);
    expect([count.open, count.finished]).toEqual([0, 1]);
  });

  it('while a stage is busy ends the exchange', async () => {
    const count = exchangeCount();
    let isAborted = false;
    const slow: Plugin = {
      name: 'slow',
      setup: (registry) =>
        registry.stage({
          name: 'slow',
          phase: 'authorize',
          forRoute:
            () =>
            ({ signal }) =>
              new Promise((resolve) => {
                signal.addEventListener('abort', () => {
                  isAborted = true;
                  resolve();
                });
              }),
        }),
    };
    const stand = await gateway([1], { plugins: [count.plugin, slow] });
    const client = await stand.client();
    client.send(upgradeHead());
    await eventually(() => count.open === 1, 'the stage runs');
    client.reset();
    await stand.event('upgrade.refused');
    expect([isAborted, count.open]).toEqual([true, 0]);
  });
});

describe('bytes that come with the handshake are forwarded first (S8)', () => {
  const early = encodeFrame({ opcode: OPCODE.text, payload: 'early', mask: true });
  const greeting = encodeFrame({ opcode: OPCODE.text, payload: 'greeting' });

  it("the client's, sent behind its request", async () => {
    const service = await backend(accepting);
    const stand = await gateway([service.port]);
    const client = await stand.client();
    client.send(Buffer.concat([Buffer.from(upgradeHead()), early]));
    client.sendFrame({ opcode: OPCODE.text, payload: 'later', mask: true });
    expect((await client.readHead()).status).toBe(101);
    const connection = await service.connection();
    const frames = await connection.readFrames(2);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['early', 'later']);
  });

  it("the backend's, wherever its answer is cut", async () => {
    const answer = Buffer.concat([Buffer.from(switchingHead(SAMPLE_KEY)), greeting]);
    const headLength = answer.length - greeting.length;
    for (let cut = headLength - 5; cut <= headLength + 5; cut += 1) {
      const { port } = await backend(async (connection) => {
        await connection.readHead();
        await connection.sendInPieces([answer.subarray(0, cut), answer.subarray(cut)]);
      });
      const stand = await gateway([port]);
      const client = await stand.client();
      expect((await client.upgrade()).status).toBe(101);
      expect((await client.readFrame()).payload.toString()).toBe('greeting');
    }
  });

  it("the client's, wherever its request is cut", async () => {
    const request = Buffer.concat([Buffer.from(upgradeHead()), early]);
    const headLength = request.length - early.length;
    const { port, connections } = await backend(accepting);
    const stand = await gateway([port]);
    for (let cut = headLength - 5; cut <= headLength + 5; cut += 1) {
      const client = await stand.client();
      await client.sendInPieces([request.subarray(0, cut), request.subarray(cut)]);
      expect((await client.readHead()).status).toBe(101);
      expect((await connections.at(-1)?.readFrame())?.payload.toString()).toBe('early');
    }
  });
});

describe('the head for the backend', () => {
  it('has path and query as they came, the endpoint as Host, and what belongs to the WebSocket', async () => {
    const heads: RawHead[] = [];
    const { port } = await backend(async (connection) => void heads.push(await connection.accept()));
    const stand = await gateway([port]);
    const client = await stand.client();
    await client.upgrade({
      target: "/a%2Fb/c'd?x=%20&y=",
      headers: {
        Cookie: `session=${'x'.repeat(4000)}`,
        Origin: 'https://app.test',
        Connection: 'Upgrade, X-Mine',
        'X-Mine': 'hop',
        'Keep-Alive': 'timeout=1',
        'Sec-WebSocket-Protocol': 'v1, v2',
        'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
      },
    });
    const [seen] = heads;
    if (seen === undefined) throw new Error('no handshake reached the backend');
    expect(seen.target).toBe("/a%2Fb/c'd?x=%20&y=");
    expect(seen.all('host')).toEqual([`127.0.0.1:${port}`]);
    expect(seen.all('connection')).toEqual(['Upgrade']);
    expect(seen.all('upgrade')).toEqual(['websocket']);
    expect(seen.all('sec-websocket-key')).toEqual([SAMPLE_KEY]);
    expect(seen.all('sec-websocket-version')).toEqual(['13']);
    expect(seen.all('sec-websocket-protocol')).toEqual(['v1, v2']);
    expect(seen.all('sec-websocket-extensions')).toEqual(['permessage-deflate; client_max_window_bits']);
    expect(seen.get('origin')).toBe('https://app.test');
    expect(seen.get('cookie')).toHaveLength(4008);
    for (const name of ['x-mine', 'keep-alive']) expect(seen.get(name)).toBeUndefined();
  });
});
