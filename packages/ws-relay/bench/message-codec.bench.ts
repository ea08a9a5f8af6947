// What a message costs in messages mode, without sockets and hooks: read, unmask, mask, write; beside Receiver and
// Sender of ws. Run with `npx vitest bench --run --project ws-relay message-codec`.
// Compare runs with each other only: vitest's module transform slows calls between modules down, which ws, as one
// package from node_modules, is spared. Figures of bundled code stand in docs/adr/0016-messages-mode.md.
import { bench, describe } from 'vitest';
import * as ws from 'ws';

import { encodeFrame } from '@ocelot/test-support';
import { flushBatch, putFrame } from '../src/frames/frame-batch.js';
import { FrameScanner } from '../src/frames/frame-scanner.js';
import { MessageDecoder } from '../src/frames/message-decoder.js';

/** What `@types/ws` leaves out. */
const { Receiver, Sender } = ws as unknown as {
  readonly Receiver: new (options: object) => {
    on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
    write(chunk: Buffer): void;
  };
  readonly Sender: new (socket: object) => { send(data: Buffer, options: object): void };
};

const CHUNK_BYTES = 65_536;
const ignore = (): void => {};

for (const size of [64, 1024, 16_384]) {
  describe(`messages of ${size} bytes, as many as one chunk holds`, () => {
    const one = encodeFrame({ opcode: 2, payload: Buffer.alloc(size, 7), mask: true });
    const chunk = Buffer.concat(Array<Buffer>(Math.floor(CHUNK_BYTES / one.length)).fill(one));

    const target = { write: ignore };
    const decoder = new MessageDecoder(true, {
      message(_isText, data) {
        putFrame(target, 0x82, data, true);
        return true;
      },
      control: () => true,
    });
    const rules = { expectsMask: true, firstFrameBits: 0, otherFrameBits: 0 };
    const forward = (bytes: Buffer): void => {
      decoder.push(bytes, 0);
      flushBatch();
    };
    const scanner = new FrameScanner(rules, { forward, closeFrame: ignore, invalid: ignore, boundary: ignore });
    bench('scanner, decoder and batch', () => scanner.push(chunk));

    const sender = new Sender({ cork: ignore, uncork: ignore, write: ignore });
    const receiver = new Receiver({ isServer: true, allowSynchronousEvents: true });
    receiver.on('message', (data, binary) => sender.send(data, { binary, mask: true, fin: true, compress: false }));
    // It unmasks in place: it gets a chunk of its own, as it does from a socket.
    bench('Receiver and Sender of ws', () => receiver.write(Buffer.from(chunk)));
  });
}
