// Hot path: the loop of `push` runs once per frame. A message that lies in one piece is copied and unmasked once, into
// a buffer of its own: hooks may keep it, and what it was read from is used again. Guarded by
// packages/ws-relay/bench/message-codec.bench.ts.

import { headerSize, payloadLength } from './frame-header.js';
import { OPCODE_BINARY, OPCODE_CLOSE, OPCODE_TEXT } from './opcodes.js';
import { copyMasked, maskingKeyBefore } from './payload-mask.js';

/**
 * What a header announces is believed up to so many times what has come, or a few bytes could take the memory of a
 * large message; within that, room is made once: growing step by step copies a message a second time.
 */
const BELIEVED_FACTOR = 16;
const BELIEVED_BYTES = 65_536;

/** What a {@link MessageDecoder} finds, in the order of the stream. */
export interface DecoderSink {
  /**
   * A whole message; the data is the sink's.
   * @param isCompressed RSV1 was set on its first frame (RFC 7692 §6).
   * @returns false to stop behind it.
   */
  message(isText: boolean, data: Buffer, isCompressed: boolean): boolean;
  /** A ping or pong, whole. @returns false to stop behind it. */
  control(opcode: number, payload: Buffer): boolean;
}

/**
 * Puts the messages of one direction together (RFC 6455 §5.4). It is given what a scanner let through: frames that keep
 * to the rules and to the limits, each header in one piece, no Close.
 */
export class MessageDecoder {
  readonly #isMasked: boolean;
  readonly #sink: DecoderSink;
  /** The open frame: payload still to come, and its key. */
  #remaining = 0;
  #key = 0;
  #phase = 0;
  #isFinal = false;
  #isControl = false;
  #controlOpcode = 0;
  #control: Buffer = EMPTY;
  #controlLength = 0;
  /** The open message. */
  #isText = false;
  #isCompressed = false;
  #message: Buffer = EMPTY;
  #length = 0;

  /** @param isMasked Whether the frames are a client's (RFC 6455 §5.1). */
  constructor(isMasked: boolean, sink: DecoderSink) {
    this.#isMasked = isMasked;
    this.#sink = sink;
  }

  /**
   * Takes bytes from `start` on; nothing of them is kept after the call.
   * @returns where it stopped: the end, or behind the message or control frame at which the sink asked for it.
   */
  push(bytes: Buffer, start: number): number {
    const end = bytes.length;
    let offset = start;
    for (;;) {
      if (this.#remaining > 0) {
        const taken = Math.min(this.#remaining, end - offset);
        this.#take(bytes, offset, taken);
        offset += taken;
        if (this.#remaining > 0) return offset;
        if (!this.#endFrame()) return offset;
      }
      if (offset === end) return offset;
      const first = bytes[offset] ?? 0;
      const opcode = first & 0x0f;
      const length = payloadLength(bytes, offset);
      offset += headerSize(bytes[offset + 1] ?? 0);
      const key = this.#isMasked ? maskingKeyBefore(bytes, offset) : 0;
      // The usual case: one frame, all of it there.
      if (first >= 0x80 && opcode !== 0 && length <= end - offset) {
        const data = Buffer.allocUnsafe(length);
        copyMasked(bytes, offset, offset + length, data, 0, key, 0);
        offset += length;
        const goesOn =
          opcode < OPCODE_CLOSE
            ? this.#sink.message(opcode === OPCODE_TEXT, data, (first & 0x40) !== 0)
            : this.#sink.control(opcode, data);
        if (!goesOn) return offset;
        continue;
      }
      this.#beginFrame(first, opcode, length, key);
      if (length === 0 && !this.#endFrame()) return offset;
    }
  }

  #beginFrame(first: number, opcode: number, length: number, key: number): void {
    this.#remaining = length;
    this.#key = key;
    this.#phase = 0;
    this.#isFinal = first >= 0x80;
    this.#isControl = opcode >= OPCODE_CLOSE;
    if (this.#isControl) {
      this.#controlOpcode = opcode;
      this.#control = Buffer.allocUnsafe(length);
      this.#controlLength = 0;
    } else if (opcode !== 0) {
      this.#isText = opcode !== OPCODE_BINARY;
      this.#isCompressed = (first & 0x40) !== 0;
    }
  }

  #take(bytes: Buffer, from: number, length: number): void {
    if (this.#isControl) {
      copyMasked(bytes, from, from + length, this.#control, this.#controlLength, this.#key, this.#phase);
      this.#controlLength += length;
    } else {
      this.#reserve(length);
      copyMasked(bytes, from, from + length, this.#message, this.#length, this.#key, this.#phase);
      this.#length += length;
    }
    this.#phase = (this.#phase + length) & 3;
    this.#remaining -= length;
  }

  /** Makes room for `length` more bytes, and for what is announced as far as it is believed. */
  #reserve(length: number): void {
    const needed = this.#length + length;
    const present = this.#message.length;
    if (needed <= present) return;
    const announced = Math.max(this.#length + this.#remaining, 2 * present);
    const believed = Math.max(BELIEVED_FACTOR * needed, BELIEVED_BYTES);
    const message = Buffer.allocUnsafe(Math.max(needed, Math.min(announced, believed)));
    this.#message.copy(message, 0, 0, this.#length);
    this.#message = message;
  }

  /** @returns whether to go on. */
  #endFrame(): boolean {
    if (this.#isControl) return this.#sink.control(this.#controlOpcode, this.#control);
    if (!this.#isFinal) return true;
    const data = this.#message.subarray(0, this.#length);
    this.#message = EMPTY;
    this.#length = 0;
    return this.#sink.message(this.#isText, data, this.#isCompressed);
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
