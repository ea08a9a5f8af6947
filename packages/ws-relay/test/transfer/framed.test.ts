import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  echoBackend,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
} from '../../../../tools/test-support/src/index.js';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

/** A client and a backend connection with an open tunnel between them. */
async function open() {
  const client = await stand.client();
  const index = backend.connections.length;
  const upgraded = client.upgrade();
  const connection = await backend.connection(index);
  await connection.accept();
  expect((await upgraded).status).toBe(101);
  return { client, connection };
}

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
  stand = await gatewayStand([backend.port], { settings: { CloseTimeoutMs: 300 } });
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('FramedTransfer', () => {
  it('relays messages both ways, masked towards the backend as they came', async () => {
    const { client, connection } = await open();
    client.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    expect(await connection.readFrame()).toMatchObject({ masked: true, payload: Buffer.from('hello') });
    connection.sendFrame({ opcode: OPCODE.binary, payload: 'back' });
    expect(await client.readFrame()).toMatchObject({ masked: false, payload: Buffer.from('back') });
  });

  it('passes a Close with code and reason to the other side, and its answer back (RFC 6455 §5.5.1)', async () => {
    const { client, connection } = await open();
    client.send(closeFrame(4001, 'done', true));
    expect(readClose(await connection.readFrame())).toEqual({ code: 4001, reason: 'done' });
    connection.send(closeFrame(4001, 'done'));
    expect(readClose(await client.readFrame())).toEqual({ code: 4001, reason: 'done' });
    await client.ended;
    const { summary } = await stand.event('session.closed');
    expect(summary).toMatchObject({ closedBy: 'client', closeCode: 4001, closeReason: 'done', errorCode: undefined });
  });
});

describe('with the ws package', () => {
  it('echoes', async () => {
    const echo = await echoBackend();
    const other = await gatewayStand([echo.port]);
    const client = await other.client();
    await client.upgrade({ target: '/a/b?x=1' });
    client.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('hello');
    expect(echo.requests[0]?.url).toBe('/a/b?x=1');
    await other.close();
    await echo.close();
  });
});
