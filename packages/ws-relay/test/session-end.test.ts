import { GatewayError, type Plugin, type Session } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
  switchingHead,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand, type StandOptions } from './gateway-stand.js';
import { openEnds, pass, tapped, text } from './message-stand.js';

/** A stage that is told when the WebSocket stands. */
function opening(told: (session: Session) => void): Plugin {
  return {
    name: 'opening',
    setup: (registry) =>
      registry.stage({ name: 'opening', phase: 'transform', forRoute: () => (exchange) => exchange.onOpen(told) }),
  };
}

const expired = (): GatewayError =>
  new GatewayError('OCELOT_ERR_TOKEN_EXPIRED', { details: { issuer: 'test' }, cause: new Error('exp has passed') });

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;
let session: Session | undefined;

/** A gateway whose sessions are kept, and acted on at once. */
async function gateway(act: (session: Session) => void = () => undefined, more: StandOptions = {}): Promise<void> {
  const plugin = opening((given) => {
    session = given;
    act(given);
  });
  stand = await gatewayStand([backend.port], {
    settings: { CloseTimeoutMs: 300 },
    ...more,
    plugins: [plugin, ...(more.plugins ?? [])],
  });
}

const summary = async () => (await stand.event('session.closed')).summary;

beforeEach(async () => {
  session = undefined;
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('the end of a session by an error of the catalogue', () => {
  it.each([
    ['framed', []],
    ['messages', [tapped(pass)]],
  ])('gives both sides its code and its message, in %s mode (S27)', async (_mode, plugins) => {
    await gateway(undefined, { plugins });
    const { client, connection } = await openEnds(stand, backend);
    session?.close(expired());
    const toClient = await client.readFrame();
    expect([toClient.masked, readClose(toClient)]).toEqual([
      false,
      { code: 4401, reason: 'The credentials have expired.' },
    ]);
    const toBackend = await connection.readFrame();
    expect([toBackend.masked, readClose(toBackend).code]).toEqual([true, 4401]);
    client.send(closeFrame(4401, '', true));
    connection.send(closeFrame(4401));
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({
      closedBy: 'gateway',
      closeCode: 4401,
      closeReason: 'The credentials have expired.',
      errorCode: 'OCELOT_ERR_TOKEN_EXPIRED',
    });
  });

  it('is one log line that says whom it blames, and why', async () => {
    await gateway();
    const { client, connection } = await openEnds(stand, backend);
    session?.close(expired());
    client.end();
    connection.end();
    const { level, fields } = await stand.line('session closed');
    expect([level, fields]).toMatchObject([
      'info',
      {
        code: 'OCELOT_ERR_TOKEN_EXPIRED',
        blame: 'client',
        cause: 'exp has passed',
        issuer: 'test',
        fault: 'The credentials have expired.',
      },
    ]);
  });

  it('is a warning where the client is not to blame', async () => {
    await gateway();
    const { client, connection } = await openEnds(stand, backend);
    session?.close(new GatewayError('OCELOT_ERR_IDENTITY_UNAVAILABLE'));
    expect(readClose(await client.readFrame()).code).toBe(1013);
    client.end();
    connection.end();
    expect((await stand.line('session closed')).level).toBe('warn');
  });

  it('ends a session without frames by FIN, with the code in its summary', async () => {
    await gateway(undefined, { settings: { Transfer: 'opaque' } });
    const { client, connection } = await openEnds(stand, backend);
    session?.close(expired());
    await client.ended;
    await connection.ended;
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({ closeCode: undefined, errorCode: 'OCELOT_ERR_TOKEN_EXPIRED' });
  });

  it('waits for the end of the frame that is passing, and for no longer (S22)', async () => {
    await gateway();
    const { client, connection } = await openEnds(stand, backend);
    const message = encodeFrame({ opcode: OPCODE.text, payload: 'a whole frame', mask: true, fin: false });
    client.send(message.subarray(0, 10));
    await connection.readBytes(10);
    session?.close(expired());
    expect(readClose(await client.readFrame()).code).toBe(4401);
    client.send(message.subarray(10));
    await connection.readBytes(message.length - 10);
    expect(readClose(await connection.readFrame()).code).toBe(4401);
    client.end();
    connection.end();
    await summary();
  });

  it('is the first end that counts', async () => {
    await gateway();
    const { client, connection } = await openEnds(stand, backend);
    session?.close(expired());
    session?.close(new GatewayError('OCELOT_ERR_FORBIDDEN'));
    session?.drain(1012, 'later');
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({ errorCode: 'OCELOT_ERR_TOKEN_EXPIRED' });
    session?.close(new GatewayError('OCELOT_ERR_FORBIDDEN'));
    expect(await session?.closed).toMatchObject({ errorCode: 'OCELOT_ERR_TOKEN_EXPIRED' });
  });

  it('does not hide an end that came before', async () => {
    await gateway();
    const { client, connection } = await openEnds(stand, backend);
    client.send(closeFrame(1000, '', true));
    await connection.readFrame();
    session?.close(expired());
    connection.send(closeFrame(1000));
    connection.end();
    client.end();
    expect(await summary()).toMatchObject({ closedBy: 'client', closeCode: 1000, errorCode: undefined });
  });
});

describe('who waits for the session to open', () => {
  /** A client that talks at once, and a backend that does. */
  async function hasty() {
    const client = await stand.client();
    const upgraded = client.upgrade();
    client.send(text('from the client', true));
    const connection = await backend.connection();
    const head = await connection.readHead();
    connection.send(
      Buffer.concat([Buffer.from(switchingHead(head.get('sec-websocket-key') ?? '')), text('from the backend')]),
    );
    expect((await upgraded).status).toBe(101);
    return { client, connection };
  }

  it.each([
    ['framed', []],
    ['messages', [tapped(pass)]],
  ])('may end it before any of its bytes, in %s mode', async (_mode, plugins) => {
    await gateway((given) => given.close(expired()), { plugins });
    const { client, connection } = await hasty();
    expect(readClose(await client.readFrame()).code).toBe(4401);
    expect(readClose(await connection.readFrame()).code).toBe(4401);
    client.end();
    connection.end();
    expect(await connection.readToEnd()).toHaveLength(0);
    expect(await client.readToEnd()).toHaveLength(0);
    expect(await summary()).toMatchObject({ errorCode: 'OCELOT_ERR_TOKEN_EXPIRED' });
  });

  it('may cut it', async () => {
    await gateway((given) => given.destroy());
    const client = await stand.client();
    client.upgrade().catch(() => undefined);
    const connection = await backend.connection();
    await connection.accept();
    await client.ended;
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({ closedBy: 'gateway', errorCode: 'OCELOT_ERR_DRAINING' });
    await eventually(() => stand.gateway.openSessions === 0, 'the session is not counted any more');
  });

  it('ends it with 1011 when it throws', async () => {
    await gateway(() => {
      throw new Error('not today');
    });
    const { client, connection } = await hasty();
    expect(readClose(await client.readFrame()).code).toBe(1011);
    client.end();
    connection.end();
    expect(await summary()).toMatchObject({ errorCode: 'OCELOT_ERR_STAGE_FAILED' });
    expect((await stand.line('session closed')).level).toBe('error');
  });

  it('may read at any time what has passed so far', async () => {
    await gateway();
    const { client, connection } = await hasty();
    await client.readFrame();
    await connection.readFrame();
    expect([session?.fromClient, session?.fromBackend]).toEqual([
      { bytes: 21, messages: 1 },
      { bytes: 18, messages: 1 },
    ]);
    client.send(text('x', true));
    await connection.readFrame();
    expect(session?.fromClient).toEqual({ bytes: 28, messages: 2 });
  });

  it('finds it in the event too, with its endpoint, its subprotocol and the time it took', async () => {
    await gateway();
    const client = await stand.client();
    const upgraded = client.upgrade({ headers: { 'Sec-WebSocket-Protocol': 'v1, v2' } });
    await (await backend.connection()).accept({ 'Sec-WebSocket-Protocol': 'v2' });
    await upgraded;
    const opened = await stand.event('session.opened');
    expect(opened).toMatchObject({ subprotocol: 'v2', endpoint: { host: '127.0.0.1', port: backend.port } });
    expect(opened.session).toBe(session);
    expect(opened.handshakeMs).toBeGreaterThan(0);
  });
});
