import { isUtf8 } from 'node:buffer';

import { GatewayError, type Message } from '@ocelot/core';

import {
  CLOSE_INVALID_PAYLOAD,
  CLOSE_PROTOCOL_ERROR,
  type CloseStatus,
  readClosePayload,
} from '../frames/close-codes.js';
import { headerFault, headerSize, LENGTH_FAULT, MAX_HEADER_BYTES, payloadLength } from '../frames/frame-header.js';
import { masked } from '../frames/mask.js';
import { MessageDecoder } from '../frames/message-decoder.js';
import { OPCODE_CLOSE, OPCODE_PING } from '../frames/opcodes.js';
import { headerRules } from '../transfer/choose-rules.js';

/** Most fragments of the message: small ones cost several times their bytes. */
export const MAX_FIRST_FRAMES = 1000;
/** Most pings and pongs before its end: each ping is answered. */
export const MAX_FIRST_CONTROLS = 100;

/** No extension is agreed on with a client that is accepted before its backend is known. */
const RULES = headerRules('client', []);
const EMPTY = Buffer.alloc(0);

/** What came of the beginning of a client's stream. */
export type FirstMessageOutcome =
  | {
      readonly kind: 'message';
      readonly message: Message;
      /** Its frames as they came, without the control frames between them. */
      readonly frames: Buffer;
      /** What stands behind it. */
      readonly rest: Buffer;
    }
  /** The client says goodbye before its message is whole. */
  | { readonly kind: 'close'; readonly status: CloseStatus };

/**
 * Reads the first whole message of a client (RFC 6455 §5), however its bytes are cut. Bytes are judged by the headers
 * before them, so no more is kept than the limit allows.
 */
export class FirstMessageReader {
  readonly #maxBytes: number;
  readonly #ping: (payload: Buffer) => void;
  readonly #header: Buffer = Buffer.alloc(MAX_HEADER_BYTES);
  #headerLength = 0;
  /** Payload of the open frame still to come; undefined: a header is read. */
  #remaining: number | undefined;
  #inMessage = false;
  #messageBytes = 0;
  #frameCount = 0;
  #controlCount = 0;
  #control: Buffer = EMPTY;
  #frames: Buffer = EMPTY;
  #framesLength = 0;

  /**
   * @param maxBytes Largest message.
   * @param ping Told of each ping, which wants its pong (§5.5.2).
   */
  constructor(maxBytes: number, ping: (payload: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#ping = ping;
  }

  /**
   * Takes the next bytes and copies what it needs of them. Not to be called after an outcome, or after it has thrown.
   * @returns undefined while more is needed.
   * @throws GatewayError FRAME_INVALID, MESSAGE_TOO_BIG or FRAME_LIMIT.
   */
  push(chunk: Buffer): FirstMessageOutcome | undefined {
    let offset = 0;
    for (;;) {
      if (this.#remaining === undefined) {
        offset = this.#readHeader(chunk, offset);
        if (this.#remaining === undefined) return undefined;
      }
      const taken: number = Math.min(this.#remaining, chunk.length - offset);
      this.#take(chunk.subarray(offset, offset + taken));
      offset += taken;
      this.#remaining -= taken;
      if (this.#remaining > 0) return undefined;
      this.#remaining = undefined;
      const outcome = this.#isControl ? this.#endControl() : this.#endData(chunk, offset);
      this.#headerLength = 0;
      if (outcome !== undefined) return outcome;
    }
  }

  get #first(): number {
    return this.#header[0] ?? 0;
  }
  get #opcode(): number {
    return this.#first & 0x0f;
  }
  get #isControl(): boolean {
    return this.#opcode >= OPCODE_CLOSE;
  }

  /** Reads on in a header, and opens its frame when it is whole. @returns the offset behind what was used. */
  #readHeader(chunk: Buffer, from: number): number {
    let offset = from;
    let size = this.#headerLength < 2 ? 2 : headerSize(this.#header[1] ?? 0);
    while (this.#headerLength < size) {
      if (offset === chunk.length) return offset;
      this.#header[this.#headerLength] = chunk[offset] ?? 0;
      this.#headerLength += 1;
      offset += 1;
      if (this.#headerLength < 2) continue;
      size = headerSize(this.#header[1] ?? 0);
      if (this.#headerLength > 2) continue;
      const rule = headerFault(this.#first, this.#header[1] ?? 0, this.#inMessage, RULES);
      if (rule !== undefined) throw invalid(rule, CLOSE_PROTOCOL_ERROR);
    }
    this.#open(payloadLength(this.#header, 0), size);
    return offset;
  }

  #open(length: number, size: number): void {
    if (length < 0) throw invalid(LENGTH_FAULT.rule, LENGTH_FAULT.closeCode);
    this.#remaining = length;
    if (this.#isControl) {
      this.#controlCount += 1;
      if (this.#controlCount > MAX_FIRST_CONTROLS) throw overLimit(`${MAX_FIRST_CONTROLS} control frames`);
      this.#control = EMPTY;
      return;
    }
    this.#inMessage = true;
    this.#messageBytes += length;
    this.#frameCount += 1;
    if (this.#messageBytes > this.#maxBytes) {
      const message = `The first message is larger than ${this.#maxBytes} bytes.`;
      throw new GatewayError('OCELOT_ERR_MESSAGE_TOO_BIG', { message });
    }
    if (this.#frameCount > MAX_FIRST_FRAMES) throw overLimit(`${MAX_FIRST_FRAMES} frames`);
    this.#append(this.#header.subarray(0, size));
  }

  #take(payload: Buffer): void {
    // At most 125 bytes, so at most as many copies of them.
    if (this.#isControl) this.#control = Buffer.concat([this.#control, payload]);
    else this.#append(payload);
  }

  #append(bytes: Buffer): void {
    const needed = this.#framesLength + bytes.length;
    if (needed > this.#frames.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#frames.length));
      this.#frames.copy(larger, 0, 0, this.#framesLength);
      this.#frames = larger;
    }
    bytes.copy(this.#frames, this.#framesLength);
    this.#framesLength = needed;
  }

  #endControl(): FirstMessageOutcome | undefined {
    const size = headerSize(this.#header[1] ?? 0);
    const payload = masked(this.#control, this.#header.subarray(size - 4, size));
    if (this.#opcode === OPCODE_PING) this.#ping(payload);
    if (this.#opcode !== OPCODE_CLOSE) return undefined;
    const status = readClosePayload(payload);
    if ('rule' in status) throw invalid(status.rule, status.closeCode);
    return { kind: 'close', status };
  }

  #endData(chunk: Buffer, offset: number): FirstMessageOutcome | undefined {
    if ((this.#first & 0x80) === 0) return undefined;
    const frames = this.#frames.subarray(0, this.#framesLength);
    const message = decode(frames);
    if (message.type === 'text' && !isUtf8(message.data)) {
      throw invalid('a text message is not UTF-8 (RFC 6455 §8.1)', CLOSE_INVALID_PAYLOAD);
    }
    return { kind: 'message', message, frames, rest: Buffer.from(chunk.subarray(offset)) };
  }
}

/** @param frames All frames of one message, checked. */
function decode(frames: Buffer): Message {
  let message: Message = { type: 'binary', data: EMPTY };
  const decoder = new MessageDecoder(true, {
    message(isText, data) {
      message = { type: isText ? 'text' : 'binary', data };
      return true;
    },
    control: () => true,
  });
  decoder.push(frames, 0);
  return message;
}

function invalid(rule: string, closeCode: number): GatewayError {
  return new GatewayError('OCELOT_ERR_FRAME_INVALID', { closeCode, message: rule });
}

function overLimit(limit: string): GatewayError {
  const message = `The first message does not come within ${limit}.`;
  return new GatewayError('OCELOT_ERR_FRAME_LIMIT', { message });
}
