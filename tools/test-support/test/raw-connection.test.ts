import { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';

import {
  collectLeaks,
  duplexPair,
  echoBackend,
  encodeFrame,
  decodeFrames,
  OPCODE,
  rawClient,
  readClose,
  scriptedBackend,
} from '../src/index.js';

describe('rawClient', () => {
  it('speaks frames that the ws package understands', async () => {
    const leaks = collectLeaks();
    const backend = await echoBackend();
    const client = await rawClient(backend.port);
    expect((await client.upgrade({ target: '/chat?x=1' })).status).toBe(101);
    expect(backend.requests[0]?.url).toBe('/chat?x=1');
    client.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    const frame = await client.readFrame();
    expect([frame.opcode, frame.masked, frame.payload.toString()]).toEqual([OPCODE.text, false, 'hello']);
    client.reset();
    await backend.close();
    await leaks.verify();
  });

  it('says what it waited for when the connection ends early', async () => {
    const backend = await scriptedBackend((connection) => connection.destroy());
    const client = await rawClient(backend.port);
    await expect(client.readBytes(4)).rejects.toThrow('before 4 bytes came');
    client.destroy();
    await backend.close();
  });
});

describe('scriptedBackend', () => {
  it('accepts a handshake so that a real client opens', async () => {
    const backend = await scriptedBackend(async (connection) => {
      await connection.accept();
      connection.sendFrame({ opcode: OPCODE.text, payload: 'welcome' });
    });
    const client = new WebSocket(`ws://127.0.0.1:${backend.port}`);
    const message = await new Promise((resolve) => client.once('message', (data: Buffer) => resolve(data.toString())));
    expect(message).toBe('welcome');
    client.terminate();
    await backend.close();
  });
});

describe('frames', () => {
  it('come back as they were encoded, for every length field', () => {
    for (const length of [0, 125, 126, 65_535, 65_536]) {
      const payload = Buffer.alloc(length, 'x');
      const { frames, rest } = decodeFrames(encodeFrame({ opcode: OPCODE.binary, payload, mask: true }));
      expect(rest).toHaveLength(0);
      expect(frames[0]?.payload.equals(payload)).toBe(true);
    }
  });

  it('tell code and reason of a Close', () => {
    const { frames } = decodeFrames(
      encodeFrame({ opcode: OPCODE.close, payload: Buffer.from('\x03\xe8bye', 'latin1') }),
    );
    expect(frames.map(readClose)).toEqual([{ code: 1000, reason: 'bye' }]);
  });
});

describe('duplexPair', () => {
  it('carries bytes, half-closes, and reports a reset to the other end', async () => {
    const [left, right] = duplexPair();
    left.write('ping');
    left.end();
    const chunks: Buffer[] = [];
    right.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => right.once('end', resolve));
    expect(Buffer.concat(chunks).toString()).toBe('ping');
    const failed = new Promise<NodeJS.ErrnoException>((resolve) => left.once('error', resolve));
    left.resume();
    right.destroy();
    expect((await failed).code).toBe('ECONNRESET');
  });
});
