// Hot path: `message` runs once per message that goes out.

import type { Message } from '@ocelot/core';

import { flushBatch, putFrame, type BatchTarget } from '../frames/frame-batch.js';
import { OPCODE_BINARY, OPCODE_TEXT } from '../frames/opcodes.js';
import type { Leg } from './leg.js';
import type { MessageDeflate } from './message-deflate.js';

const FIN = 0x80;
/** RSV1: the message is compressed (RFC 7692 §6). */
const COMPRESSED = 0x40;
/** More than this is not queued for one peer on behalf of plugins. */
const MAX_SENT_AHEAD_BYTES = 1_048_576;

/** A frame that waits for the message before it to be compressed. */
interface Waiting {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/**
 * Writes messages and control frames to one leg, in order, each in one frame. What is written in one turn goes out
 * together once somebody flushes ({@link MessageWriter.flush}).
 */
export class MessageWriter implements BatchTarget {
  readonly #leg: Leg;
  readonly #isMasked: boolean;
  readonly #deflate: MessageDeflate | undefined;
  readonly #waiting: Waiting[] = [];
  #bytesWaiting = 0;
  #isDeflating = false;
  #isFull = false;
  #isOverrun = false;
  #isClosed: () => boolean = never;
  #onReady: () => void = ignore;

  /** @param isMasked Whether the leg is the backend's (RFC 6455 §5.1). */
  constructor(leg: Leg, isMasked: boolean, deflate: MessageDeflate | undefined) {
    this.#leg = leg;
    this.#isMasked = isMasked;
    this.#deflate = deflate;
  }

  /** Whether more may be written now: nothing waits to be compressed, and the leg's queue is not full. */
  get isReady(): boolean {
    return !this.#isFull && !this.#isDeflating;
  }
  /** Whether a message is being compressed: what is written now waits for it. */
  get isDeflating(): boolean {
    return this.#isDeflating;
  }
  /** Whether a plugin has sent more than the leg takes: its peer must not cause more before it has read that. */
  get isOverrun(): boolean {
    return this.#isOverrun;
  }

  /**
   * @param isClosed Whether a Close was written to the leg: nothing may follow it (RFC 6455 §5.5.1).
   * @param ready Called whenever a message has been compressed and no other waits for that.
   */
  attach(isClosed: () => boolean, ready: () => void): void {
    this.#isClosed = isClosed;
    this.#onReady = ready;
  }

  /** Writes a message. Ask {@link MessageWriter.isReady} whether more may follow at once. */
  message({ type, data }: Message): void {
    const opcode = type === 'text' ? OPCODE_TEXT : OPCODE_BINARY;
    if (this.#isDeflating) this.#wait(opcode, data);
    else if (this.#deflate?.pays(data.length) === true) this.#compress(this.#deflate, opcode, data);
    else putFrame(this, FIN | opcode, data, this.#isMasked);
  }

  /** Writes a ping or pong behind the messages before it. */
  control(opcode: number, payload: Uint8Array): void {
    if (this.#isDeflating) this.#wait(opcode, payload);
    else putFrame(this, FIN | opcode, payload, this.#isMasked);
  }

  /** Writes a plugin's own message at once. @returns false when so much waits already that it was not taken. */
  send(message: Message): boolean {
    if (this.#isClosed() || this.#bytesWaiting + this.#leg.bytesQueued > MAX_SENT_AHEAD_BYTES) return false;
    this.message(message);
    this.flush();
    if (!this.isReady) this.#isOverrun = true;
    return true;
  }

  /** Hands what was written to the leg. */
  flush(): void {
    flushBatch();
  }

  /** The leg's queue is empty again, or will take nothing any more. */
  drained(): void {
    this.#isFull = false;
    if (!this.#isDeflating) this.#isOverrun = false;
  }

  write(bytes: Buffer): void {
    if (!this.#leg.write(bytes)) this.#isFull = true;
  }

  #wait(opcode: number, payload: Uint8Array): void {
    this.#waiting.push({ opcode, payload });
    this.#bytesWaiting += payload.length;
  }

  #compress(deflate: MessageDeflate, opcode: number, data: Uint8Array): void {
    this.#isDeflating = true;
    this.#bytesWaiting += data.length;
    deflate.compress(data, (compressed) => {
      this.#bytesWaiting -= data.length;
      this.#isDeflating = false;
      if (this.#isClosed() || compressed === undefined) this.#waiting.length = 0;
      else putFrame(this, FIN | COMPRESSED | opcode, compressed, this.#isMasked);
      this.#advance();
    });
  }

  #advance(): void {
    let next = this.#waiting.shift();
    while (next !== undefined) {
      const { opcode, payload } = next;
      this.#bytesWaiting -= payload.length;
      if (opcode <= OPCODE_BINARY) this.message({ type: opcode === OPCODE_TEXT ? 'text' : 'binary', data: payload });
      else this.control(opcode, payload);
      if (this.#isDeflating) break;
      next = this.#waiting.shift();
    }
    this.flush();
    if (this.#isDeflating) return;
    if (!this.#isFull) this.#isOverrun = false;
    this.#onReady();
  }
}

const never = (): boolean => false;
const ignore = (): void => {};
