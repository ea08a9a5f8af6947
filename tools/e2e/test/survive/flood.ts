import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';

import { encodeFrame, OPCODE, within, type RawConnection } from '@ocelot/test-support';

import { Unmasker } from './unmasker.js';

/** Frames of one flood, encoded once: encoding must not be what a test waits for. */
const FRAMES = 61;
const LARGEST_FRAME = 131_072;
/** Every so many frames, a ping. */
const PING_EVERY = 10;

/** How long the other end of a flood may take until nothing moves any more, or until all is there. */
const FLOOD_PATIENCE_MS = 60_000;

function frames(mask: boolean): readonly Buffer[] {
  return Array.from({ length: FRAMES }, (_, index) => {
    if (index % PING_EVERY === 0) return encodeFrame({ opcode: OPCODE.ping, payload: `ping ${index}`, mask });
    const payload = Buffer.alloc(1 + ((index * 7919 * 13) % LARGEST_FRAME), index);
    return encodeFrame({ opcode: OPCODE.binary, payload, mask });
  });
}

const MASKED = frames(true);
const UNMASKED = frames(false);

/**
 * Offers frames from one end, as fast as its socket takes them: binary messages of many lengths, and pings. Its
 * checksum is that of its frames without masks, where the gateway may give them others (messages mode), else of its
 * bytes.
 */
export class Flood {
  /** Bytes that the socket took so far. */
  bytes = 0;
  readonly #done: Promise<void>;
  /** For who compares what came with the checksum; undefined: as it came. */
  readonly unmasker: Unmasker | undefined;
  readonly #sent: Hash = createHash('sha256');
  #isBegun = false;

  /**
   * @param mask as the end that sends must (RFC 6455 §5.1).
   * @param totalBytes offered at least.
   */
  constructor(connection: RawConnection, mask: boolean, totalBytes: number, isRemasked = false) {
    this.unmasker = mask && isRemasked ? new Unmasker() : undefined;
    const pool = mask ? MASKED : UNMASKED;
    this.#done = this.#push(connection, pool, isRemasked ? UNMASKED : pool, totalBytes);
    this.#done.catch(() => undefined); // Told by `complete`; a flood that a test cuts is not missed.
  }

  async #push(
    connection: RawConnection,
    pool: readonly Buffer[],
    judged: readonly Buffer[],
    totalBytes: number,
  ): Promise<void> {
    for (let index = 0; this.bytes < totalBytes; index += 1) {
      const frame = pool[index % FRAMES] ?? Buffer.alloc(0);
      this.#sent.update(judged[index % FRAMES] ?? frame);
      this.bytes += frame.length;
      this.#isBegun = true;
      if (!connection.send(frame)) await once(connection.socket, 'drain');
    }
  }

  /** Waits until the sender is held back: nothing was taken for a while. */
  async stalled(): Promise<void> {
    const end = performance.now() + FLOOD_PATIENCE_MS;
    for (let before = -1; !this.#isBegun || before !== this.bytes;) {
      if (performance.now() > end) throw new Error('the sender was never held back');
      before = this.bytes;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  /** Waits until everything offered was taken. @returns its checksum. */
  async complete(): Promise<string> {
    await within(this.#done, 'the flood being taken', FLOOD_PATIENCE_MS);
    return this.#sent.copy().digest('hex');
  }
}

/**
 * Reads everything that a flood sends, without keeping it.
 * @param stutters pauses of the reader before it reads freely.
 * @returns the checksum of what came.
 */
export async function swallow(connection: RawConnection, flood: Flood, stutters: number = 0): Promise<string> {
  const { socket } = connection;
  const received = createHash('sha256');
  const { unmasker } = flood;
  let count = connection.unread.length;
  received.update(unmasker === undefined ? connection.unread : unmasker.push(connection.unread));
  let pauses = stutters;
  let arrived: () => void = () => undefined;
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => {
    received.update(unmasker === undefined ? chunk : unmasker.push(chunk));
    count += chunk.length;
    arrived();
    if (pauses <= 0) return;
    pauses -= 1;
    socket.pause();
    setTimeout(() => socket.resume(), 2);
  });
  const all = new Promise<void>((resolve) => {
    arrived = () => {
      if (count >= flood.bytes) resolve();
    };
  });
  connection.resume();
  await flood.complete();
  arrived();
  await within(all, `${flood.bytes} bytes (${count} came)`, FLOOD_PATIENCE_MS);
  return received.digest('hex');
}
