import { MessageInflater, type SenderTerms } from './deflate-stream.js';
import { Utf8Check } from './utf8-check.js';

/** What a strict reader makes of a stream, in order. After `close` and `fault` nothing counts any more. */
export type ReaderEvent =
  | { readonly kind: 'message'; readonly type: 'text' | 'binary'; readonly payload: Buffer; readonly zipped: boolean }
  | { readonly kind: 'ping' | 'pong'; readonly payload: Buffer }
  /** `at`, here and below: where in the stream the frame begins. */
  | { readonly kind: 'close'; readonly code: number | undefined; readonly reason: string; readonly at: number }
  | { readonly kind: 'fault'; readonly code: number; readonly rule: string; readonly at: number };

/** What a reader knows of its connection. */
export interface ReaderRules {
  /** The stream comes from a client (RFC 6455 §5.1). */
  readonly expectsMask: boolean;
  /** What the sender agreed to, if permessage-deflate was agreed on. */
  readonly deflate: SenderTerms | undefined;
  /** Lengths need not be in their shortest form. */
  readonly takesLongForms?: boolean;
  readonly emit: (event: ReaderEvent) => void;
}

/** More than any case means to send: a longer message is refused with 1009, as a receiver may (§7.4.1). */
const MAX_MESSAGE_BYTES = 8 * 1_048_576;

interface OpenFrame {
  readonly start: number;
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly key: Buffer | undefined;
  readonly length: number;
  readonly parts: Buffer[];
  taken: number;
}

interface OpenMessage {
  readonly type: 'text' | 'binary';
  readonly zipped: boolean;
  readonly utf8: Utf8Check;
  readonly parts: Buffer[];
  length: number;
}

/**
 * Reads one direction of a WebSocket and refuses every byte that RFC 6455 does not allow, as early as it can be seen.
 * Written apart from the product, and stricter: it also wants the shortest form of each length (§5.2).
 */
export class StrictReader {
  readonly #rules: ReaderRules;
  readonly #inflater: MessageInflater;
  #held: Buffer = Buffer.alloc(0);
  #offset = 0;
  #frame: OpenFrame | undefined;
  #message: OpenMessage | undefined;
  #isDone = false;
  #trailing = 0;
  #maskedFrames = 0;
  readonly #keys = new Set<number>();

  constructor(rules: ReaderRules) {
    this.#rules = rules;
    this.#inflater = new MessageInflater(rules.deflate);
  }

  /** Bytes behind a Close frame or a fault. */
  get trailingBytes(): number {
    return this.#trailing;
  }
  /** Masked frames, and how many different keys they had (§5.3). */
  get masking(): { readonly frames: number; readonly keys: number } {
    return { frames: this.#maskedFrames, keys: this.#keys.size };
  }
  /** Whether the stream ends behind a whole frame and outside a message, or where nothing counts any more. */
  get isAtRest(): boolean {
    return this.#isDone || (this.#held.length === 0 && this.#frame === undefined && this.#message === undefined);
  }

  push(chunk: Buffer): void {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    while (!this.#isDone) {
      if (this.#frame === undefined) {
        const size = headerSize(bytes);
        // The first two bytes are judged before the rest of the header is there.
        if (bytes.length >= 2 && !this.#judge(bytes)) break;
        if (bytes.length < size) {
          this.#held = bytes;
          return;
        }
        if (!this.#open(bytes, size)) break;
        bytes = bytes.subarray(size);
      }
      bytes = this.#payload(bytes);
      if (bytes.length === 0 && this.#frame !== undefined) return;
    }
    this.#trailing += bytes.length;
  }

  #judge(bytes: Buffer): boolean {
    const first = bytes.readUInt8(0);
    const second = bytes.readUInt8(1);
    const rsv = first & 0x70;
    const opcode = first & 0x0f;
    const isControl = opcode >= 8;
    const mayBeZipped = this.#rules.deflate !== undefined && (opcode === 1 || opcode === 2);
    const inMessage = this.#message !== undefined;
    if ((rsv & ~(mayBeZipped ? 0x40 : 0)) !== 0) return this.#fail(1002, `reserved bits 0x${rsv.toString(16)}`);
    if ((opcode > 2 && opcode < 8) || opcode > 10) return this.#fail(1002, `reserved opcode ${opcode}`);
    if (((second & 0x80) !== 0) !== this.#rules.expectsMask)
      return this.#fail(1002, this.#rules.expectsMask ? 'no mask' : 'a mask');
    if (isControl && (first & 0x80) === 0) return this.#fail(1002, 'a fragmented control frame');
    if (isControl && (second & 0x7f) > 125) return this.#fail(1002, 'a control frame of more than 125 bytes');
    if (opcode === 0 && !inMessage) return this.#fail(1002, 'a continuation of nothing');
    if ((opcode === 1 || opcode === 2) && inMessage) return this.#fail(1002, 'a message within a message');
    return true;
  }

  #open(bytes: Buffer, size: number): boolean {
    const first = bytes.readUInt8(0);
    const second = bytes.readUInt8(1);
    const short = second & 0x7f;
    const opcode = first & 0x0f;
    const wide = short === 126 ? BigInt(bytes.readUInt16BE(2)) : short === 127 ? bytes.readBigUInt64BE(2) : undefined;
    if (wide !== undefined) {
      if (wide >= 1n << 63n) return this.#fail(1002, 'a length with its top bit set');
      const least = this.#rules.takesLongForms === true ? 0n : short === 126 ? 126n : 65_536n;
      if (wide < least) return this.#fail(1002, 'a length that is not in its shortest form');
    }
    const length = wide ?? BigInt(short);
    if (BigInt(this.#message?.length ?? 0) + length > BigInt(MAX_MESSAGE_BYTES)) return this.#fail(1009, 'too big');
    if (opcode === 1 || opcode === 2) {
      const type = opcode === 1 ? 'text' : 'binary';
      this.#message = { type, zipped: (first & 0x40) !== 0, utf8: new Utf8Check(), parts: [], length: 0 };
    }
    this.#frame = {
      start: this.#offset,
      opcode,
      isFinal: (first & 0x80) !== 0,
      key: (second & 0x80) === 0 ? undefined : Buffer.from(bytes.subarray(size - 4, size)),
      length: Number(length),
      parts: [],
      taken: 0,
    };
    if ((second & 0x80) !== 0) {
      this.#maskedFrames += 1;
      this.#keys.add(bytes.readUInt32BE(size - 4));
    }
    this.#offset += size;
    return true;
  }

  /** Takes what belongs to the open frame. @returns the bytes behind it. */
  #payload(bytes: Buffer): Buffer {
    const frame = this.#frame;
    if (frame === undefined) return bytes;
    const taken = bytes.subarray(0, frame.length - frame.taken);
    const plain = frame.key === undefined ? Buffer.from(taken) : unmask(taken, frame.key, frame.taken);
    frame.taken += taken.length;
    this.#offset += taken.length;
    frame.parts.push(plain);
    const message = this.#message;
    if (frame.opcode < 8 && message?.type === 'text' && !message.zipped && !message.utf8.push(plain)) {
      this.#fail(1007, 'a text that is not UTF-8');
      return bytes.subarray(taken.length);
    }
    if (frame.taken === frame.length) this.#close(frame, Buffer.concat(frame.parts));
    return bytes.subarray(taken.length);
  }

  #close(frame: OpenFrame, payload: Buffer): void {
    if (frame.opcode >= 8) this.#control(frame.opcode, payload);
    else this.#data(frame, payload);
    if (!this.#isDone) this.#frame = undefined;
  }

  #control(opcode: number, payload: Buffer): void {
    const at = this.#frame?.start ?? 0;
    if (opcode !== 8) {
      this.#rules.emit({ kind: opcode === 9 ? 'ping' : 'pong', payload });
      return;
    }
    const code = payload.length < 2 ? undefined : payload.readUInt16BE(0);
    const reason = payload.subarray(2);
    const utf8 = new Utf8Check();
    if (payload.length === 1) this.#fail(1002, 'a Close of one byte');
    else if (code !== undefined && !isSendable(code)) this.#fail(1002, `Close code ${code}`);
    else if (!utf8.push(reason) || !utf8.isWhole) this.#fail(1007, 'a Close reason that is not UTF-8');
    else {
      this.#isDone = true;
      this.#rules.emit({ kind: 'close', code, reason: reason.toString(), at });
    }
  }

  #data(frame: OpenFrame, payload: Buffer): void {
    const message = this.#message;
    if (message === undefined) return;
    message.parts.push(payload);
    message.length += payload.length;
    if (!frame.isFinal) return;
    const whole = this.#expand(message);
    if (whole === undefined) return;
    this.#message = undefined;
    this.#rules.emit({ kind: 'message', type: message.type, payload: whole, zipped: message.zipped });
  }

  #expand(message: OpenMessage): Buffer | undefined {
    const bytes = Buffer.concat(message.parts);
    let whole: Buffer = bytes;
    if (message.zipped) {
      try {
        whole = this.#inflater.inflate(bytes, MAX_MESSAGE_BYTES);
      } catch (error) {
        const isTooBig = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
        this.#fail(isTooBig ? 1009 : 1007, isTooBig ? 'too big' : 'no DEFLATE data');
        return undefined;
      }
      if (message.type === 'text') message.utf8.push(whole);
    }
    const isText = message.type !== 'text' || (message.utf8.isWhole && isUtf8(message.zipped, whole));
    if (isText) return whole;
    this.#fail(1007, 'a text that is not UTF-8');
    return undefined;
  }

  #fail(code: number, rule: string): false {
    this.#isDone = true;
    this.#rules.emit({ kind: 'fault', code, rule, at: this.#frame?.start ?? this.#offset });
    return false;
  }
}

/** Uncompressed text was judged while it came. */
function isUtf8(zipped: boolean, whole: Buffer): boolean {
  return !zipped || new Utf8Check().push(whole);
}

function headerSize(bytes: Buffer): number {
  const second = bytes[1] ?? 0;
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}

function unmask(bytes: Buffer, key: Buffer, offset: number): Buffer {
  const plain = Buffer.from(bytes);
  for (let i = 0; i < plain.length; i += 1) plain[i] = (plain[i] ?? 0) ^ (key[(offset + i) % 4] ?? 0);
  return plain;
}

/** Codes that may stand in a Close frame (RFC 6455 §7.4 and the IANA registry). */
function isSendable(code: number): boolean {
  if (code < 1000 || (code > 1014 && code < 3000) || code > 4999) return false;
  return code !== 1004 && code !== 1005 && code !== 1006;
}
