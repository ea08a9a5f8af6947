import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  encodeFrame,
  eventually,
  type LeakWatch,
  OPCODE,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { BOTH_STANDS, type EitherStand } from '../both-stands.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: EitherStand;

async function open() {
  const { client, isOpen } = await stand.ask();
  const connection = await backend.connection();
  await connection.accept();
  expect(await isOpen).toBe(true);
  return { client, connection };
}

const summary = async () => (await stand.event('session.closed')).summary;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await scriptedBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe.each(BOTH_STANDS)('an opaque session with a client over %s', (_, start) => {
  beforeEach(async () => {
    stand = await start([backend.port], { settings: { Transfer: 'opaque', CloseTimeoutMs: 150 } });
  });

  describe('OpaqueTransfer', () => {
    it('passes bytes that are no frames at all, and knows no messages', async () => {
      const { client, connection } = await open();
      client.send('\xff\xffhello');
      connection.send('back');
      expect((await client.readBytes(4)).toString()).toBe('back');
      await connection.readBytes(Buffer.byteLength('\xff\xffhello'));
      client.end();
      await connection.ended;
      connection.end();
      await client.ended;
      expect(await summary()).toMatchObject({
        closedBy: 'client',
        closeCode: undefined,
        errorCode: undefined,
        fromClient: { bytes: 9, messages: 0 },
        fromBackend: { bytes: 4, messages: 0 },
      });
    });

    it('keeps the other direction open after a half-close, as long as it moves', async () => {
      const { client, connection } = await open();
      client.end();
      await connection.ended;
      for (let i = 0; i < 8; i += 1) {
        connection.send('x');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect((await client.readBytes(8)).toString()).toBe('xxxxxxxx');
      expect(client.finReceived).toBe(false);
      connection.end();
      await client.ended;
    });

    it('cuts what is left when nothing moves after a half-close', async () => {
      const { client, connection } = await open();
      connection.end();
      await client.ended;
      expect(await summary()).toMatchObject({ closedBy: 'backend', errorCode: 'OCELOT_ERR_CLOSE_TIMEOUT' });
    });

    it('ends the backend when the client is reset', async () => {
      const { client, connection } = await open();
      client.reset();
      await connection.ended;
      connection.end();
      expect(await summary()).toMatchObject({ closedBy: 'client', errorCode: 'OCELOT_ERR_CLIENT_GONE' });
    });

    it('half-closes both sides when it is drained: it knows no boundary to put a Close at', async () => {
      const { client, connection } = await open();
      client.send(encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(100), mask: true }).subarray(0, 50));
      await connection.readBytes(50);
      const drained = stand.gateway.drain({ deadlineMs: 5000, spreadMs: 0 });
      await Promise.all([client.ended, connection.ended]);
      expect(client.unread).toHaveLength(0);
      client.end();
      connection.end();
      expect(await drained).toMatchObject({ clean: 1, killed: 0 });
      expect((await summary()).errorCode).toBe('OCELOT_ERR_DRAINING');
    });

    it('holds a fast sender back while the other side does not read', async () => {
      const { client, connection } = await open();
      client.pause();
      const size = 32 * 1024 * 1024;
      connection.send(Buffer.alloc(size));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(connection.socket.writableLength).toBeGreaterThan(0);
      client.resume();
      await eventually(() => client.bytesReceived >= size, 'everything arrives', 15_000);
    });
  });
});
