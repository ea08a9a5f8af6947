// Hot path: `forward` runs once per chunk, `message` once per message. With hooks that return at once nothing waits:
// messages go from the decoder through the hooks to the writer in one go, and a chunk's messages leave in one write.

import { isUtf8 } from 'node:buffer';

import type { Clock, Direction, Message } from '@ocelot/core';

import {
  CLOSE_INVALID_PAYLOAD,
  CLOSE_PROTOCOL_ERROR,
  type CloseFault,
  type CloseStatus,
} from '../frames/close-codes.js';
import { encodeCloseFrame } from '../frames/frame-encoder.js';
import type { ScanSink } from '../frames/scan-sink.js';
import { type DecoderSink, MessageDecoder } from '../frames/message-decoder.js';
import { type MessageDeflate, tooLarge } from './message-deflate.js';
import type { MessageWriter } from './message-writer.js';
import type { Passage, Sender } from './passage.js';
import { HookFailure, isPromise, type NamedHook, runHooks } from './run-hooks.js';

/** How long a hook may keep a message, in milliseconds; then it has failed. */
const HOOK_MS = 30_000;

/** Up to this size, text is looked through here: the call of the engine's own check costs more. */
const SHORT_TEXT_BYTES = 64;

/** What a {@link MessagePassage} is made of. */
export interface MessagePassageInit {
  readonly direction: Direction;
  /** Where messages come from; paused while one is held up. */
  readonly from: Sender;
  /** Writes to the other side. */
  readonly writer: MessageWriter;
  /** Writes back to where the messages come from: a sender that does not read answers to its messages must wait. */
  readonly answers: MessageWriter;
  readonly hooks: readonly NamedHook[];
  /** Decompresses what comes from the side; undefined when nothing was negotiated with it. */
  readonly deflate: MessageDeflate | undefined;
  /** Largest message, decompressed. */
  readonly maxMessageBytes: number;
  readonly next: ScanSink;
  readonly isClosed: () => boolean;
  readonly failed: (failure: HookFailure) => void;
  readonly clock: Clock;
  /** `CloseTimeoutMs`: how long what must follow waits for a hook. */
  readonly closeMs: number;
}

/**
 * The messages of one direction on their way through the hooks, in order. At most one of them is with a hook (or being
 * decompressed) at a time; what was read behind it is kept as bytes, and the sender is paused, so a slow hook costs one
 * read of memory.
 */
export class MessagePassage implements Passage, DecoderSink {
  readonly #init: MessagePassageInit;
  readonly #decoder: MessageDecoder;
  #bytes = 0;
  /** What was read behind a message that is held up. */
  #held: Buffer | undefined;
  /** Events of the stream behind what is held up. */
  readonly #later: (() => void)[] = [];
  #isPending = false;
  #isOver = false;
  /** Counts waits that ended: what still settles of a wait that was given up is ignored, and progress is seen. */
  #turn = 0;
  #turnSeen = 0;
  #timer: { clear(): void } | undefined;

  constructor(init: MessagePassageInit) {
    this.#init = init;
    this.#decoder = new MessageDecoder(init.direction === 'to-backend', this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  forward(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#isOver || this.#init.isClosed()) return;
    if (this.#isWaiting) {
      this.#held = this.#held === undefined ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
      this.#init.from.pause();
      return;
    }
    const used = this.#decoder.push(bytes, 0);
    if (used < bytes.length && !this.#isOver) this.#held = Buffer.from(bytes.subarray(used));
    this.#init.writer.flush();
    // While a hook decides, one more read is taken: so it is seen when the side leaves meanwhile.
    if (!this.#isPending && this.#isWaiting) this.#init.from.pause();
  }

  message(isText: boolean, data: Buffer, isCompressed: boolean): boolean {
    const { deflate, isClosed, maxMessageBytes } = this.#init;
    if (this.#isOver || isClosed()) return true;
    // The scanner allows for the overhead of compression.
    if (!isCompressed)
      return data.length > maxMessageBytes ? this.#fault(tooLarge(maxMessageBytes)) : this.#judge(isText, data);
    if (deflate === undefined) return this.#fault(COMPRESSED_UNASKED);
    const turn = this.#wait();
    deflate.decompress(data, (result) => {
      if (turn !== this.#turn || !this.#isPending) return;
      this.#settled();
      if ('rule' in result) this.#fault(result);
      else this.#judge(isText, result);
      this.#advance();
    });
    return false;
  }

  control(opcode: number, payload: Buffer): boolean {
    if (this.#isOver || this.#init.isClosed()) return true;
    this.#init.writer.control(opcode, payload);
    return !this.#isWaiting;
  }

  closeFrame(_frame: Buffer, status: CloseStatus): void {
    const { direction, next } = this.#init;
    // The other leg has a mask of its own, or none.
    const frame = encodeCloseFrame(status.code, status.reason, direction === 'to-backend');
    this.behind(() => next.closeFrame(frame, status));
  }

  invalid(fault: CloseFault): void {
    this.behind(() => this.#init.next.invalid(fault));
  }

  boundary(): void {
    this.behind(() => this.#init.next.boundary());
  }

  behind(action: () => void): void {
    if (!this.#isWaiting && this.#held === undefined) {
      this.#init.writer.flush();
      action();
      return;
    }
    this.#later.push(action);
    this.#advance();
    if (this.#isWaiting) this.#watch();
  }

  drained(): void {
    const { isClosed } = this.#init;
    if (isClosed() && (this.#isPending || this.#held !== undefined)) this.#giveUp();
    this.#advance();
  }

  /**
   * Whether the next message must wait: for a hook, for zlib, or for slow readers. Once the stream has an end, what was
   * read before it goes to the leg's queue whatever the reader does, and the end behind it.
   */
  get #isWaiting(): boolean {
    const { writer, answers, isClosed } = this.#init;
    if (this.#isOver || isClosed()) return false;
    if (this.#isPending || writer.isDeflating) return true;
    return this.#later.length === 0 && (!writer.isReady || answers.isOverrun);
  }

  /** @returns whether to go on with the next message. */
  #judge(isText: boolean, data: Buffer): boolean {
    if (isText && !isValidText(data)) return this.#fault(TEXT_NOT_UTF8);
    let result: ReturnType<typeof runHooks>;
    try {
      result = runHooks(this.#init.hooks, { type: isText ? 'text' : 'binary', data }, this.#init.direction);
    } catch (error) {
      return this.#fail(error);
    }
    if (result === undefined) return !this.#isWaiting;
    if (!isPromise(result)) return this.#pass(result);
    const turn = this.#wait();
    result.then(
      (message) => this.#resume(turn, () => message === undefined || this.#pass(message)),
      (error: unknown) => this.#resume(turn, () => this.#fail(error)),
    );
    return false;
  }

  #pass(message: Message): boolean {
    const { writer, isClosed } = this.#init;
    if (this.#isOver || isClosed()) return true;
    writer.message(message);
    return !this.#isWaiting;
  }

  /** A hook has settled, unless the wait for it was given up. */
  #resume(turn: number, settle: () => void): void {
    if (turn !== this.#turn || !this.#isPending) return;
    this.#settled();
    settle();
    this.#advance();
  }

  #wait(): number {
    this.#isPending = true;
    this.#watch();
    return this.#turn;
  }

  #settled(): void {
    this.#isPending = false;
    this.#turn += 1;
  }

  /** Goes on with what was held up, as far as it goes; lets the sender send once nothing is. */
  #advance(): void {
    while (!this.#isWaiting && this.#held !== undefined) {
      const held = this.#held;
      this.#held = undefined;
      if (this.#isOver || this.#init.isClosed()) break;
      const used = this.#decoder.push(held, 0);
      if (used < held.length && !this.#isOver) this.#held = held.subarray(used);
      this.#init.writer.flush();
    }
    this.#init.writer.flush();
    while (!this.#isWaiting && this.#held === undefined) {
      const action = this.#later.shift();
      if (action === undefined) {
        this.#timer?.clear();
        this.#timer = undefined;
        this.#init.from.resume();
        return;
      }
      action();
    }
  }

  #fault(fault: CloseFault): false {
    this.#end();
    this.#init.writer.flush();
    this.#init.next.invalid(fault);
    return false;
  }

  #fail(error: unknown): false {
    this.#end();
    this.#init.writer.flush();
    this.#init.failed(error instanceof HookFailure ? error : new HookFailure('', error));
    return false;
  }

  /** Nothing of the stream is passed on any more. */
  #end(): void {
    this.#isOver = true;
    this.#held = undefined;
  }

  /** Drops what is held up, so that what must follow can. */
  #giveUp(): void {
    this.#settled();
    this.#held = undefined;
  }

  /** Sees to it that a wait ends: for a hook at all, for anything once something must follow. */
  #watch(): void {
    const { clock, closeMs } = this.#init;
    const isUrgent = this.#later.length > 0 && closeMs > 0;
    if (this.#timer !== undefined && !isUrgent) return;
    this.#timer?.clear();
    this.#turnSeen = this.#turn;
    this.#timer = clock.setTimer(isUrgent ? closeMs : HOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#isWaiting) return;
    if (this.#turn !== this.#turnSeen || !this.#isPending) {
      // Only what waits for a hook needs a limit: slow readers are the leg's business, zlib comes to an end.
      if (this.#isPending) this.#watch();
    } else if (this.#later.length > 0) {
      this.#end();
      this.#giveUp();
      this.#advance();
    } else {
      this.#settled();
      const taps = this.#init.hooks.map(({ tap }) => tap).join(', ');
      this.#fail(new HookFailure(taps, new Error(`it did not settle within ${HOOK_MS} ms`)));
      this.#advance();
    }
  }
}

const TEXT_NOT_UTF8: CloseFault = {
  closeCode: CLOSE_INVALID_PAYLOAD,
  rule: 'a text message is not UTF-8 (RFC 6455 §8.1)',
};

const COMPRESSED_UNASKED: CloseFault = {
  closeCode: CLOSE_PROTOCOL_ERROR,
  rule: 'a message is compressed, which was not negotiated',
};

function isValidText(data: Buffer): boolean {
  const { length } = data;
  if (length > SHORT_TEXT_BYTES) return isUtf8(data);
  for (let i = 0; i < length; i += 1) if ((data[i] ?? 0) > 0x7f) return isUtf8(data);
  return true;
}
