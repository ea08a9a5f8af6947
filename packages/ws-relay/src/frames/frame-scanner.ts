// Hot path: `push` runs for every chunk that a socket delivers, its loop once per frame. It reads headers where they
// lie and hands the chunk on; nothing is allocated, copied or unmasked for a data frame. Only a header that is split
// over two chunks, a Close frame, and a pong while pings of the gateway's own are out, are copied: they are held back
// until they are whole. Limits and observers are one call per frame, where a route has them.

import { type CloseFault, CLOSE_PROTOCOL_ERROR } from './close-codes.js';
import {
  headerFault,
  type HeaderRules,
  headerSize,
  LENGTH_FAULT,
  MAX_HEADER_BYTES,
  payloadLength,
} from './frame-header.js';
import { MAX_CONTROL_PAYLOAD, OPCODE_BINARY, OPCODE_CLOSE, OPCODE_TEXT } from './opcodes.js';
import { isOwnPong } from './own-ping.js';
import type { Boundary, FrameInspector, ScanSink } from './scan-sink.js';
import { readCloseFrame } from './read-close-frame.js';
import { mayBeOwnPong, sizeToJudge } from './size-to-judge.js';

/** A header with a 16-bit length, up to its key. Shorter frames at the end of a chunk are walked the long way. */
const MIN_WALKED_BYTES = 4;

/**
 * Walks the frames of one direction of one connection (RFC 6455 §5.2) while their bytes pass, and decides which of
 * them may go on. What was forwarded always ends inside a payload or at a frame boundary, never inside a header.
 */
export class FrameScanner {
  readonly #rules: HeaderRules;
  readonly #sink: ScanSink;
  #messages = 0;
  #inMessage = false;
  /** Payload bytes of the open frame still to come. */
  #remaining = 0;
  /** The open frame is the last one of a data message. */
  #endsMessage = false;
  #held: Buffer | undefined;
  #heldLength = 0;
  #notifyAt: Boundary | undefined;
  readonly #inspector: FrameInspector | undefined;
  #isInspecting = false;
  #dropsOwnPongs = false;
  #isDone = false;
  #isStopped = false;
  /** What came behind the frame at which the walk was stopped: at most what was read at once. */
  #rest: Buffer | undefined;
  /** What is walked now lay in `#rest`: it need not be copied again. */
  #isOwnRest = false;

  /** @param inspector Limits and observers; undefined: no frame is looked at twice. */
  constructor(rules: HeaderRules, sink: ScanSink, inspector?: FrameInspector) {
    this.#rules = rules;
    this.#sink = sink;
    this.#inspector = inspector;
  }

  /** Data messages forwarded to their last byte. */
  get messages(): number {
    return this.#messages;
  }
  /** Whether what was forwarded ends behind a frame: a control frame may be put in here (RFC 6455 §5.4). */
  get isAtFrameBoundary(): boolean {
    return this.#remaining === 0;
  }
  /** Whether it ends behind a whole message. */
  get isAtMessageBoundary(): boolean {
    return this.#remaining === 0 && !this.#inMessage;
  }
  /** Whether everything that still comes is dropped. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Tells the sink once, at the next boundary, which may be now. A later call may bring it forward (`frame` after
   * `message`). Does nothing once the scanner is done.
   */
  notifyAt(boundary: Boundary): void {
    if (this.#isDone) return;
    this.#notifyAt = boundary;
    // Asked for from within the walk, it is found when the walk gets there: bytes before it are still to be passed.
    if (!this.#isInspecting && this.#isAwaited()) this.#notify();
  }

  /** From now on pongs that answer the gateway's own pings are dropped: the other side never asked for them. */
  dropOwnPongs(): void {
    this.#dropsOwnPongs = true;
  }

  /** Lets nothing pass behind the open frame until `goOn`; what comes is kept, so whoever stops it reads no more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Takes `stop` back: walks what was kept, as far as nobody stops it again. Idempotent. */
  goOn(): void {
    this.#isStopped = false;
    const rest = this.#rest;
    if (rest === undefined) return;
    this.#rest = undefined;
    this.#isOwnRest = true;
    this.push(rest);
    this.#isOwnRest = false;
  }

  /** Takes the next bytes of the stream; nothing keeps the chunk after the call. */
  push(chunk: Buffer): void {
    if (this.#isDone) return;
    if (this.#rest !== undefined) {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      return;
    }
    let start = this.#heldLength === 0 ? 0 : this.#completeHeld(chunk);
    if (start < 0) return;
    let offset = start;
    const end = chunk.length;
    for (;;) {
      if (this.#remaining > 0) {
        const taken = Math.min(this.#remaining, end - offset);
        offset += taken;
        this.#remaining -= taken;
        if (this.#remaining > 0) break;
      }
      this.#frameEnds();
      if (this.#isAwaited()) {
        this.#pass(chunk, start, offset);
        start = offset;
        this.#notify();
      }
      if (this.#isStopped) return this.#passAndKeep(chunk, start, offset);
      if (this.#inspector === undefined && !this.#inMessage) offset = this.#walkWhole(chunk, offset, end);
      if (offset === end) break;
      const size = sizeToJudge(chunk, offset, end, this.#dropsOwnPongs);
      if (size > end - offset) {
        this.#pass(chunk, start, offset);
        this.#hold(chunk, offset);
        return;
      }
      start = this.#beginFrame(chunk, offset, size, start);
      if (start < 0) return;
      offset += size;
    }
    this.#pass(chunk, start, end);
  }

  /**
   * The usual case, in one short loop: unfragmented data frames of up to 64 KiB that lie in the chunk as a whole. No
   * message is open, and nobody looks at frames.
   * @returns where another kind of frame begins, or the end.
   */
  #walkWhole(chunk: Buffer, from: number, end: number): number {
    // Where somebody waits for a boundary, each one is met.
    if (this.#notifyAt !== undefined) return from;
    const { expectsMask, firstFrameBits } = this.#rules;
    const maskBit = expectsMask ? 0x80 : 0;
    const keyBytes = expectsMask ? 4 : 0;
    let offset = from;
    while (end - offset >= MIN_WALKED_BYTES) {
      const first = chunk[offset] ?? 0;
      const second = chunk[offset + 1] ?? 0;
      const opcode = first & 0x0f;
      const isDataFrame = opcode === OPCODE_TEXT || opcode === OPCODE_BINARY;
      if (!isDataFrame || (first & 0xf0 & ~firstFrameBits) !== 0x80 || (second & 0x80) !== maskBit) break;
      const short = second & 0x7f;
      if (short === 127) break;
      const next =
        short < 126
          ? offset + 2 + keyBytes + short
          : offset + 4 + keyBytes + (((chunk[offset + 2] ?? 0) << 8) | (chunk[offset + 3] ?? 0));
      if (next > end) break;
      offset = next;
      this.#messages += 1;
    }
    return offset;
  }

  /**
   * Judges the frame at `offset`, of which `size` bytes lie there, and opens it.
   * @returns from where bytes are still to be forwarded: `start`, or what follows a dropped frame; -1 when the stream
   * ends here, by a fault or by a Close. What stood before a dropped or last frame was forwarded.
   */
  #beginFrame(bytes: Buffer, offset: number, size: number, start: number): number {
    const first = bytes[offset] ?? 0;
    const second = bytes[offset + 1] ?? 0;
    const rule = headerFault(first, second, this.#inMessage, this.#rules);
    if (rule !== undefined) return this.#fail(bytes, start, offset, { closeCode: CLOSE_PROTOCOL_ERROR, rule });
    const opcode = first & 0x0f;
    if (opcode >= OPCODE_CLOSE) return this.#beginControl(bytes, offset, size, start);
    const length = payloadLength(bytes, offset);
    if (length < 0) return this.#fail(bytes, start, offset, LENGTH_FAULT);
    if (this.#inspector !== undefined) {
      const fault = this.#inspect(this.#inspector, first, length);
      if (fault !== undefined) return this.#fail(bytes, start, offset, fault);
    }
    this.#remaining = length;
    this.#endsMessage = (first & 0x80) !== 0;
    this.#inMessage = true;
    return start;
  }

  /** The same for a control frame: it neither begins nor ends a message. */
  #beginControl(bytes: Buffer, offset: number, size: number, start: number): number {
    const first = bytes[offset] ?? 0;
    const opcode = first & 0x0f;
    if (opcode === OPCODE_CLOSE) return this.#endByClose(bytes, offset, size, start);
    const length = payloadLength(bytes, offset);
    if (this.#dropsOwnPongs && mayBeOwnPong(opcode, length) && isOwnPong(bytes, offset, size)) {
      this.#pass(bytes, start, offset);
      return offset + size;
    }
    const fault = this.#inspect(this.#inspector, first, length);
    if (fault !== undefined) return this.#fail(bytes, start, offset, fault);
    // Of a pong that was held back to be compared, nothing is still to come.
    this.#remaining = length - (size - headerSize(bytes[offset + 1] ?? 0));
    return start;
  }

  #inspect(inspector: FrameInspector | undefined, first: number, payloadBytes: number): CloseFault | undefined {
    if (inspector === undefined) return undefined;
    this.#isInspecting = true;
    const fault = inspector.inspect(first, payloadBytes);
    this.#isInspecting = false;
    return fault;
  }

  /** Idempotent: called at every boundary that the walk meets. */
  #frameEnds(): void {
    if (!this.#endsMessage) return;
    this.#endsMessage = false;
    this.#inMessage = false;
    this.#messages += 1;
  }

  #isAwaited(): boolean {
    if (this.#notifyAt === undefined) return false;
    return this.#notifyAt === 'frame' ? this.isAtFrameBoundary : this.isAtMessageBoundary;
  }

  #notify(): void {
    this.#notifyAt = undefined;
    this.#sink.boundary();
  }

  #pass(chunk: Buffer, start: number, end: number): void {
    if (end > start) this.#sink.forward(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
  }

  #fail(bytes: Buffer, start: number, offset: number, fault: CloseFault): number {
    this.#isDone = true;
    this.#pass(bytes, start, offset);
    this.#sink.invalid(fault);
    return -1;
  }

  #endByClose(bytes: Buffer, offset: number, size: number, start: number): number {
    const frame = Buffer.from(bytes.subarray(offset, offset + size));
    const status = readCloseFrame(frame, this.#rules.expectsMask);
    if ('rule' in status) return this.#fail(bytes, start, offset, status);
    const fault = this.#inspect(this.#inspector, frame[0] ?? 0, payloadLength(frame, 0));
    if (fault !== undefined) return this.#fail(bytes, start, offset, fault);
    this.#isDone = true;
    this.#pass(bytes, start, offset);
    this.#sink.closeFrame(frame, status);
    return -1;
  }

  #passAndKeep(chunk: Buffer, start: number, offset: number): void {
    this.#pass(chunk, start, offset);
    if (offset === chunk.length) return;
    const rest = chunk.subarray(offset);
    this.#rest = this.#isOwnRest ? rest : Buffer.from(rest);
  }

  #hold(chunk: Buffer, offset: number): void {
    this.#held ??= Buffer.allocUnsafeSlow(MAX_HEADER_BYTES + MAX_CONTROL_PAYLOAD);
    this.#heldLength = chunk.copy(this.#held, 0, offset);
  }

  /**
   * Completes the held bytes from `chunk` and judges them.
   * @returns how many bytes of the chunk were used; -1 when more are needed or the stream ends here.
   */
  #completeHeld(chunk: Buffer): number {
    const held = this.#held ?? chunk;
    let used = 0;
    let size = sizeToJudge(held, 0, this.#heldLength, this.#dropsOwnPongs);
    while (this.#heldLength < size) {
      const taken = chunk.copy(held, this.#heldLength, used, used + size - this.#heldLength);
      this.#heldLength += taken;
      used += taken;
      if (this.#heldLength < size) return -1;
      size = sizeToJudge(held, 0, this.#heldLength, this.#dropsOwnPongs);
    }
    this.#heldLength = 0;
    const from = this.#beginFrame(held, 0, size, 0);
    if (from < 0) return -1;
    if (from === 0) this.#sink.forward(held.subarray(0, size));
    return used;
  }
}
