import { randomBytes } from 'node:crypto';

/** One frame as RFC 6455 §5.2 lays it out. Written apart from the product, so that both cannot share a mistake. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits as 0…7; RSV1 (permessage-deflate) is 4. */
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  /** Unmasked. */
  readonly payload: Buffer;
}

/** What {@link encodeFrame} takes; every part may break the rules on purpose. */
export interface FrameParts {
  /** @default true */
  readonly fin?: boolean;
  /** @default 0 */
  readonly rsv?: number;
  readonly opcode: number;
  /** `true`: a random key; four bytes: that key. @default false */
  readonly mask?: boolean | Buffer;
  /** @default empty */
  readonly payload?: Buffer | string;
  /** Claims another length than the payload has: the frame is then a lie, or a head without its payload. */
  readonly claimedLength?: bigint;
  /** Forces 7, 16 or 64 bits of length. @default the shortest */
  readonly lengthBits?: 7 | 16 | 64;
}

/** Opcodes of RFC 6455 §11.8. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Encodes one frame, legal or not. */
export function encodeFrame(parts: FrameParts): Buffer {
  const payload = Buffer.from(parts.payload ?? '');
  const length = parts.claimedLength ?? BigInt(payload.length);
  const bits = parts.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const key = parts.mask === true ? randomBytes(4) : parts.mask instanceof Buffer ? parts.mask : undefined;
  const maskBit = key === undefined ? 0 : 0x80;
  const first = ((parts.fin ?? true) ? 0x80 : 0) | ((parts.rsv ?? 0) << 4) | parts.opcode;
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  head[0] = first;
  if (bits === 7) head[1] = maskBit | Number(length);
  else if (bits === 16) {
    head[1] = maskBit | 126;
    head.writeUInt16BE(Number(length), 2);
  } else {
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(length, 2);
  }
  return key === undefined ? Buffer.concat([head, payload]) : Buffer.concat([head, key, applyMask(payload, key)]);
}

/** A Close frame with a code and a reason; without a code it is empty. */
export function closeFrame(code?: number, reason = '', mask: boolean | Buffer = false): Buffer {
  return encodeFrame({ opcode: OPCODE.close, payload: closePayload(code, reason), mask });
}

/** The payload of a Close frame (RFC 6455 §5.5.1). */
export function closePayload(code?: number, reason = ''): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const number = Buffer.alloc(2);
  number.writeUInt16BE(code);
  return Buffer.concat([number, Buffer.from(reason)]);
}

/** Code and reason of a Close frame; the code is undefined when the frame is empty. */
export function readClose(frame: Frame): { readonly code: number | undefined; readonly reason: string } {
  if (frame.opcode !== OPCODE.close) throw new Error(`expected a Close frame, got opcode ${frame.opcode}`);
  const { payload } = frame;
  return {
    code: payload.length < 2 ? undefined : payload.readUInt16BE(0),
    reason: payload.subarray(2).toString(),
  };
}

/**
 * Decodes the first frame of `bytes`.
 * @returns undefined when it is not complete yet; else the frame and how many bytes it took.
 */
export function decodeFrame(bytes: Buffer): { readonly frame: Frame; readonly size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const short = second & 0x7f;
  let offset = 2;
  let length = short;
  if (short === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    offset = 4;
  } else if (short === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    offset = 10;
  }
  const masked = (second & 0x80) !== 0;
  const key = bytes.subarray(offset, offset + 4);
  if (masked) offset += 4;
  if (bytes.length < offset + length) return undefined;
  const body = bytes.subarray(offset, offset + length);
  return {
    frame: {
      fin: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      masked,
      payload: masked ? applyMask(body, key) : Buffer.from(body),
    },
    size: offset + length,
  };
}

/** Decodes every complete frame of `bytes`; `rest` is what stands behind the last one. */
export function decodeFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  for (;;) {
    const decoded = decodeFrame(rest);
    if (decoded === undefined) return { frames, rest };
    frames.push(decoded.frame);
    rest = rest.subarray(decoded.size);
  }
}

function applyMask(bytes: Buffer, key: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let i = 0; i < result.length; i += 1) result[i] = (result[i] ?? 0) ^ (key[i % 4] ?? 0);
  return result;
}
