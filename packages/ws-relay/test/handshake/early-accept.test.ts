import { type FirstMessageOptions, GatewayError, type Message, type Plugin, type UpgradeRequest } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  type BackendConnection,
  closeFrame,
  collectLeaks,
  encodeFrame,
  eventually,
  type Frame,
  type LeakWatch,
  OPCODE,
  type RawConnection,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { BOTH_STANDS, type EitherStand } from '../both-stands.js';
import { gatewayStand, type StandOptions } from '../gateway-stand.js';

const USUAL: FirstMessageOptions = { subprotocol: undefined, timeoutMs: 2000, maxBytes: 1000, forward: false };

type Judge = (message: Message, request: UpgradeRequest) => unknown;

/** A stage that lets nobody pass whose first message it does not like, as authentication does. */
function asking(options: Partial<FirstMessageOptions>, judge: Judge = () => undefined): Plugin {
  return {
    name: 'asking',
    setup: (registry) =>
      registry.stage({
        name: 'asking',
        phase: 'authenticate',
        forRoute: () => async (exchange) => {
          const request = exchange.request as UpgradeRequest;
          const given = { ...USUAL, ...options };
          const message = await request.firstMessage?.(given);
          if (message === undefined) throw new Error('the relay has no firstMessage');
          await judge(message, request);
          const { headers } = exchange.outgoing;
          headers.delete('Sec-WebSocket-Protocol');
          if (given.subprotocol !== undefined) headers.set('Sec-WebSocket-Protocol', given.subprotocol);
        },
      }),
  };
}

const text = (payload: string): Buffer => encodeFrame({ opcode: OPCODE.text, payload, mask: true });
const said = ({ payload }: Frame): string => payload.toString();

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: EitherStand;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe.each(BOTH_STANDS)('a client over %s that is accepted before its backend is known', (_name, start) => {
  /** A client that was accepted, and nothing else has happened. */
  async function accepted(
    options: Partial<FirstMessageOptions> = {},
    judge?: Judge,
    more: StandOptions = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawConnection> {
    stand = await start([backend.port], { plugins: [asking(options, judge)], ...more });
    const { client, isOpen, protocol } = await stand.ask(headers);
    expect(await isOpen).toBe(true);
    expect(await protocol).toBe(options.subprotocol);
    return client;
  }

  /** How a client was refused: by a Close and an end, in one line and one event. */
  async function refusal(client: RawConnection): Promise<readonly [number | undefined, unknown, string]> {
    const { code, reason } = readClose(await client.readFrame());
    await client.ended;
    client.end();
    const { errorCode } = await stand.event('upgrade.refused');
    const { fields } = await stand.line('upgrade refused');
    return fields['code'] === errorCode && fields['closeCode'] === code
      ? [code, errorCode, reason]
      : [code, fields, reason];
  }

  it('reaches the backend with its first message, whose bytes only the stage has seen', async () => {
    const seen: string[] = [];
    const client = await accepted({}, ({ data }) => seen.push(Buffer.from(data).toString()));
    expect(backend.connections).toHaveLength(0);
    client.send(text('token'));
    const connection = await backend.connection();
    const head = await connection.accept();
    expect(seen).toEqual(['token']);
    expect(head.get('sec-websocket-extensions')).toBeUndefined();
    client.send(text('hello'));
    expect(said(await connection.readFrame())).toBe('hello');
    connection.send(encodeFrame({ opcode: OPCODE.text, payload: 'welcome' }));
    expect(said(await client.readFrame())).toBe('welcome');
    expect(await stand.event('session.opened')).toMatchObject({ subprotocol: undefined });
  });

  it('gets no extension, and the backend is offered none', async () => {
    const client = await accepted({}, undefined, {}, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
    client.send(text('token'));
    const head = await (await backend.connection()).accept();
    expect(head.get('sec-websocket-extensions')).toBeUndefined();
  });

  it('may send its message at once, in fragments, with pings between, and more behind it', async () => {
    const client = await accepted({ forward: true });
    const fragment = (opcode: number, payload: string, fin: boolean): Buffer =>
      encodeFrame({ opcode, payload, fin, mask: true });
    client.send(
      Buffer.concat([
        fragment(OPCODE.ping, 'p1', true),
        fragment(OPCODE.text, 'to', false),
        fragment(OPCODE.ping, 'p2', true),
        fragment(OPCODE.continuation, 'ken', true),
        text('second'),
        text('third').subarray(0, 3),
      ]),
    );
    const pongs = await client.readFrames(2);
    expect(pongs.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
      [OPCODE.pong, 'p1'],
      [OPCODE.pong, 'p2'],
    ]);
    const connection = await backend.connection();
    await connection.accept();
    const frames = await connection.readFrames(3);
    expect(frames.map(({ opcode, payload, fin }) => [opcode, payload.toString(), fin])).toEqual([
      [OPCODE.text, 'to', false],
      [OPCODE.continuation, 'ken', true],
      [OPCODE.text, 'second', true],
    ]);
    expect(frames.every(({ masked }) => masked)).toBe(true);
  });

  it('may be one of a route that passes bytes only: its first message is still read by its frames', async () => {
    const client = await accepted({ forward: true }, undefined, { settings: { Transfer: 'opaque' } });
    client.send(Buffer.concat([text('token'), Buffer.from('no frame')]));
    const connection = await backend.connection();
    await connection.accept();
    expect(said(await connection.readFrame())).toBe('token');
    expect((await connection.readBytes(8)).toString()).toBe('no frame');
  });

  it('is told the subprotocol at once, and the backend has to select the same', async () => {
    const client = await accepted({ subprotocol: 'v2' }, undefined, {}, { 'Sec-WebSocket-Protocol': 'v1, v2' });
    client.send(text('token'));
    const connection = await backend.connection();
    const head = await connection.accept({ 'Sec-WebSocket-Protocol': 'v2' });
    expect(head.get('sec-websocket-protocol')).toBe('v2');
    expect(await stand.event('session.opened')).toMatchObject({ subprotocol: 'v2' });
  });

  it('gets Close 1014 when the backend selects another subprotocol, or none', async () => {
    const client = await accepted({ subprotocol: 'v2' }, undefined, {}, { 'Sec-WebSocket-Protocol': 'v1, v2' });
    client.send(text('token'));
    await (await backend.connection()).accept();
    expect((await refusal(client)).slice(0, 2)).toEqual([1014, 'OCELOT_ERR_BACKEND_HANDSHAKE_INVALID']);
  });

  it('is refused with the close code and the message of the error', async () => {
    const client = await accepted({}, () => {
      throw new GatewayError('OCELOT_ERR_UNAUTHENTICATED', { closeCode: 4401, message: 'The token is wrong.' });
    });
    client.send(text('token'));
    expect(await refusal(client)).toEqual([4401, 'OCELOT_ERR_UNAUTHENTICATED', 'The token is wrong.']);
    expect(backend.connections).toHaveLength(0);
    expect(await stand.event('upgrade.refused')).toMatchObject({ status: 401 });
  });

  it.each([
    ['FORBIDDEN', 1008],
    ['TOO_MANY_CONNECTIONS', 1013],
    ['BACKEND_UNREACHABLE', 1014],
    ['STAGE_FAILED', 1011],
  ] as const)('is refused for %s with Close %i, which fits the status where the code has none', async (name, code) => {
    const client = await accepted({}, () => {
      throw new GatewayError(`OCELOT_ERR_${name}`);
    });
    client.send(text('token'));
    expect((await refusal(client)).slice(0, 2)).toEqual([code, `OCELOT_ERR_${name}`]);
  });

  it('gets Close 1014 when no backend can be reached', async () => {
    const client = await accepted({}, undefined, {
      route: { DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 1 }] },
    });
    client.send(text('token'));
    expect((await refusal(client)).slice(0, 2)).toEqual([1014, 'OCELOT_ERR_BACKEND_UNREACHABLE']);
  });

  it.each([
    [403, 1008],
    [503, 1013],
    [502, 1014],
    [302, 1014],
    [500, 1011],
  ])('gets a Close for what the backend refuses with: %i is %i', async (status, code) => {
    const client = await accepted();
    client.send(text('token'));
    const connection = await backend.connection();
    await connection.readHead();
    connection.send(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    expect(readClose(await client.readFrame()).code).toBe(code);
    await client.ended;
    client.end();
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: undefined, status });
    expect((await stand.line('backend refused the upgrade')).fields).toMatchObject({ status, closeCode: code });
  });

  it('has limited time for its message', async () => {
    const client = await accepted({ timeoutMs: 40 });
    client.send(text('token').subarray(0, -1));
    expect((await refusal(client)).slice(0, 2)).toEqual([4408, 'OCELOT_ERR_FIRST_MESSAGE_TIMEOUT']);
  });

  it('has a time of its own for it, which the handshake does not lose', async () => {
    const client = await accepted({}, undefined, {
      relay: { handshakeMs: 150 },
      settings: { HandshakeTimeoutMs: 150 },
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.send(text('token'));
    await (await backend.connection()).accept();
    expect(await stand.event('session.opened')).toMatchObject({ handshakeMs: expect.any(Number) as number });
  });

  it('is refused with Close 1009 for a message that is too big, and 1002 for a broken frame', async () => {
    const client = await accepted({ maxBytes: 10 });
    client.send(text('eleven byte'));
    expect((await refusal(client)).slice(0, 2)).toEqual([1009, 'OCELOT_ERR_MESSAGE_TOO_BIG']);
    const second = await stand.ask();
    await second.isOpen;
    second.client.send(encodeFrame({ opcode: OPCODE.text, payload: 'not masked' }));
    expect(readClose(await second.client.readFrame()).code).toBe(1002);
    second.client.end();
  });

  it('that says goodbye first gets its Close back, and nobody else hears of it', async () => {
    const client = await accepted();
    client.send(closeFrame(4000, 'never mind', true));
    expect(readClose(await client.readFrame())).toEqual({ code: 4000, reason: 'never mind' });
    await client.ended;
    client.end();
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    expect(backend.connections).toHaveLength(0);
  });

  it.each([
    ['leaves', (client: RawConnection) => client.end()],
    ['breaks off', (client: RawConnection) => client.reset()],
  ])('that %s before its message is given up', async (_how, leave) => {
    const client = await accepted();
    leave(client);
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    await client.closed;
  });

  it('that leaves while the backend is asked takes the backend with it (S10)', async () => {
    const client = await accepted();
    client.send(text('token'));
    const connection = await backend.connection();
    client.reset();
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    await connection.ended;
  });

  it('is told to come again when the gateway drains meanwhile', async () => {
    const client = await accepted({ timeoutMs: 20_000 });
    const drained = stand.gateway.drain({ deadlineMs: 3000, spreadMs: 0 });
    expect((await refusal(client)).slice(0, 2)).toEqual([1012, 'OCELOT_ERR_DRAINING']);
    expect(await drained).toMatchObject({ killed: 0 });
  });

  it('counts as a pending handshake, and as nothing once it is through', async () => {
    const client = await accepted({}, undefined, {
      config: {
        Routes: [
          {
            UpstreamPathTemplate: '/',
            DownstreamPathTemplate: '/',
            DownstreamScheme: 'ws',
            DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
          },
        ],
        GlobalConfiguration: { Gateway: { MaxPendingHandshakes: 1 } },
      },
    });
    expect(await (await stand.ask()).isOpen).toBe(false);
    client.send(text('token'));
    await (await backend.connection()).accept();
    await stand.event('session.opened');
    expect(await (await stand.ask()).isOpen).toBe(true);
  });

  it('is held back when it sends a lot behind its message, and loses nothing of it', async () => {
    const client = await accepted();
    const big = Buffer.alloc(300_000, 'x');
    client.send(Buffer.concat([text('token'), encodeFrame({ opcode: OPCODE.binary, payload: big, mask: true })]));
    const connection = await backend.connection();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await connection.accept();
    expect((await connection.readFrame()).payload.equals(big)).toBe(true);
  });
});

describe('firstMessage', () => {
  /** What the stage saw of its own calls. */
  async function judged(judge: Judge, headers: Readonly<Record<string, string>> = {}): Promise<BackendConnection> {
    const own = await gatewayStand([backend.port], { plugins: [asking({}, judge)] });
    stand = { ...own, ask: () => Promise.reject(new Error('not asked')) };
    const client = await own.client();
    await client.upgrade({ headers });
    client.send(text('token'));
    return backend.connection();
  }

  it('is there once: a second call rejects, while the request is admitted and later', async () => {
    const rejections: string[] = [];
    let kept: UpgradeRequest | undefined;
    const again = async (request: UpgradeRequest | undefined): Promise<void> => {
      await request?.firstMessage?.(USUAL).catch((error: Error) => rejections.push(error.message));
    };
    const connection = await judged(async (_message, request) => {
      kept = request;
      await again(request);
    });
    await connection.accept();
    await stand.event('session.opened');
    await again(kept);
    expect(rejections).toHaveLength(2);
    expect(rejections[0]).toContain('once');
  });

  it('tells no subprotocol that the client did not offer (RFC 6455 §4.2.2): the answer is 500', async () => {
    const own = await gatewayStand([backend.port], { plugins: [asking({ subprotocol: 'v3' })] });
    stand = { ...own, ask: () => Promise.reject(new Error('not asked')) };
    const client = await own.client();
    expect((await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': 'v1' } })).status).toBe(500);
  });

  it('refuses a client whose stage asks and does not wait', async () => {
    const hasty: Plugin = {
      name: 'hasty',
      setup: (registry) =>
        registry.stage({
          name: 'hasty',
          phase: 'authenticate',
          forRoute:
            () =>
            ({ request }) => {
              void (request as UpgradeRequest).firstMessage?.(USUAL);
            },
        }),
    };
    const own = await gatewayStand([backend.port], { plugins: [hasty] });
    stand = { ...own, ask: () => Promise.reject(new Error('not asked')) };
    const client = await own.client();
    await client.upgrade();
    expect(readClose(await client.readFrame()).code).toBe(1011);
    client.end();
    expect(await stand.event('upgrade.refused')).toMatchObject({ errorCode: 'OCELOT_ERR_STAGE_FAILED' });
    await eventually(() => client.finReceived, 'the connection ends');
  });
});
