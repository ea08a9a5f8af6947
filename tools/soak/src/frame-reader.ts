// Hot path of the load: `push` runs once per chunk. Written apart from the product, so that both cannot share a
// mistake.

/** What a reader tells. */
export interface FrameReaderEvents {
  /** A whole message, unmasked. */
  message(opcode: number, payload: Buffer): void;
  /** A Close, ping or pong, unmasked. */
  control(opcode: number, payload: Buffer): void;
}

const MAX_HEAD_BYTES = 14;
const CONTINUATION = 0;
const FIRST_CONTROL = 8;
const MAX_CONTROL_BYTES = 125;

/**
 * Reads frames as RFC 6455 has them, and nothing else: what a gateway puts into a stream at a wrong place, a masked
 * frame of a server, or a byte too many is an error here at once.
 */
export class FrameReader {
  readonly #masked: boolean;
  readonly #events: FrameReaderEvents;
  readonly #head = Buffer.alloc(MAX_HEAD_BYTES);
  #headBytes = 0;
  #isInPayload = false;
  #payload: Buffer = Buffer.alloc(0);
  #filled = 0;
  #isFinal = false;
  #opcode = 0;
  #key = 0;
  #message: Buffer[] = [];
  #messageOpcode = 0;
  #frames = 0;

  /** @param masked Whether the frames must be masked: those of a client. */
  constructor(masked: boolean, events: FrameReaderEvents) {
    this.#masked = masked;
    this.#events = events;
  }

  /** Whether the stream stands between two frames. */
  get isAtBoundary(): boolean {
    return !this.#isInPayload && this.#headBytes === 0;
  }
  /** Frames read so far. */
  get frames(): number {
    return this.#frames;
  }

  /** @throws Error when the bytes break RFC 6455 §5. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#isInPayload) at = this.#readPayload(chunk, at);
      else {
        this.#head[this.#headBytes] = chunk[at] ?? 0;
        this.#headBytes += 1;
        at += 1;
        if (this.#headBytes >= 2 && this.#headBytes === this.#headSize()) this.#begin();
      }
      if (this.#isInPayload && this.#filled === this.#payload.length) this.#finish();
    }
  }

  #headSize(): number {
    const short = (this.#head[1] ?? 0) & 0x7f;
    return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (this.#masked ? 4 : 0);
  }

  #begin(): void {
    const head = this.#head;
    const first = head.readUInt8(0);
    const second = head.readUInt8(1);
    this.#isFinal = (first & 0x80) !== 0;
    this.#opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new Error(`a frame with reserved bits (${first.toString(16)}) (RFC 6455 §5.2)`);
    if (((second & 0x80) !== 0) !== this.#masked) throw new Error('a frame is masked on the wrong side (§5.1)');
    const short = second & 0x7f;
    const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
    if (length > 1 << 28) throw new Error(`a frame of ${length} bytes that nobody sent`);
    this.#checkOrder(length);
    this.#key = this.#masked ? head.readUInt32LE(this.#headBytes - 4) : 0;
    this.#payload = Buffer.allocUnsafe(length);
    this.#filled = 0;
    this.#isInPayload = true;
  }

  #checkOrder(length: number): void {
    const opcode = this.#opcode;
    if (opcode >= FIRST_CONTROL) {
      if (opcode > 10) throw new Error(`a frame with opcode ${opcode} (§5.2)`);
      if (!this.#isFinal || length > MAX_CONTROL_BYTES) throw new Error('a control frame in pieces or too long (§5.5)');
      return;
    }
    if (opcode > 2) throw new Error(`a frame with opcode ${opcode} (§5.2)`);
    if ((opcode === CONTINUATION) !== this.#messageOpcode > 0) throw new Error(`opcode ${opcode} out of order (§5.4)`);
  }

  #readPayload(chunk: Buffer, at: number): number {
    const count = chunk.copy(this.#payload, this.#filled, at);
    if (this.#key !== 0) {
      const key = this.#key;
      for (let i = this.#filled; i < this.#filled + count; i += 1) {
        this.#payload[i] = (this.#payload[i] ?? 0) ^ ((key >>> ((i & 3) << 3)) & 0xff);
      }
    }
    this.#filled += count;
    return at + count;
  }

  #finish(): void {
    const payload = this.#payload;
    this.#isInPayload = false;
    this.#headBytes = 0;
    this.#frames += 1;
    if (this.#opcode >= FIRST_CONTROL) {
      this.#events.control(this.#opcode, payload);
      return;
    }
    if (this.#opcode !== CONTINUATION) this.#messageOpcode = this.#opcode;
    this.#message.push(payload);
    if (!this.#isFinal) return;
    const whole = this.#message.length === 1 ? payload : Buffer.concat(this.#message);
    const opcode = this.#messageOpcode;
    this.#message = [];
    this.#messageOpcode = 0;
    this.#events.message(opcode, whole);
  }
}
