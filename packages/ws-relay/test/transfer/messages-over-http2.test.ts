import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  echoBackend,
  type EchoBackend,
  encodeFrame,
  type LeakWatch,
  OPCODE,
  readClose,
} from '@ocelot/test-support';
import { http2Stand, type Http2Stand } from '../http2-stand.js';
import { pass, tapped, text } from '../message-stand.js';

let leaks: LeakWatch;
let backend: EchoBackend;
let stand: Http2Stand;

beforeEach(async () => {
  leaks = collectLeaks();
  backend = await echoBackend();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('messages mode with a client over HTTP/2', () => {
  it('gives whole messages to the hooks, which may change them and answer', async () => {
    stand = await http2Stand([backend.port], {
      plugins: [
        tapped({
          message: (session) => (message, direction) => {
            const content = Buffer.from(message.data).toString();
            if (content === 'who') session.send('to-client', { type: 'text', data: Buffer.from('the gateway') });
            return { type: 'text', data: Buffer.from(`${content} ${direction}`) };
          },
        }),
      ],
    });
    const socket = (await stand.client()).open();
    expect(await socket.status()).toBe(200);
    socket.send(encodeFrame({ opcode: OPCODE.text, fin: false, payload: 'w', mask: true }));
    socket.send(encodeFrame({ opcode: OPCODE.continuation, payload: 'ho', mask: true }));
    const frames = await socket.readFrames(2);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['the gateway', 'who to-backend to-client']);
  });

  it('compresses with the client by itself, and says so in its 200 (RFC 7692)', async () => {
    stand = await http2Stand([backend.port], {
      settings: { Compression: { Legs: 'client', ThresholdBytes: 1, ContextTakeover: false } },
      plugins: [tapped(pass)],
    });
    const socket = (await stand.client()).open({ headers: { 'sec-websocket-extensions': 'permessage-deflate' } });
    expect((await socket.answer)['sec-websocket-extensions']).toMatch(/^permessage-deflate/);
    expect(backend.requests[0]?.headers['sec-websocket-extensions']).toBeUndefined();
    const content = 'again and again and again';
    const compressed = deflateRawSync(content, { finishFlush: 2 }).subarray(0, -4);
    socket.sendFrame({ opcode: OPCODE.text, rsv: 4, payload: compressed, mask: true });
    const frame = await socket.readFrame();
    expect(frame.rsv).toBe(4);
    const tail = Buffer.from([0x00, 0x00, 0xff, 0xff]);
    expect(inflateRawSync(Buffer.concat([frame.payload, tail]), { finishFlush: 2 }).toString()).toBe(content);
  });

  it('ends with 1009 when a message is too big for the route', async () => {
    stand = await http2Stand([backend.port], { settings: { MaxMessageBytes: 10 }, plugins: [tapped(pass)] });
    const socket = (await stand.client()).open();
    expect(await socket.status()).toBe(200);
    socket.send(text('more than ten bytes', true));
    expect(readClose(await socket.readFrame()).code).toBe(1009);
  });
});
