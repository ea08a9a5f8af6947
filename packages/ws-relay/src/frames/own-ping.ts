import { randomBytes } from 'node:crypto';

import { encodeControlFrame } from './frame-encoder.js';
import { headerSize } from './frame-header.js';
import { OPCODE_PING } from './opcodes.js';

/** Payload of the gateway's own pings, in bytes. */
export const PING_PAYLOAD_BYTES = 8;

/**
 * What stands in every ping of this process. Random, so that it is no ping of the two ends, nor of another gateway on
 * the way; the same each time, so that a late pong is known too (RFC 6455 §5.5.3 lets a peer answer the last one only).
 */
const PAYLOAD: Buffer = randomBytes(PING_PAYLOAD_BYTES);

/** Encodes a ping of the gateway's own. @param toBackend Masks it (RFC 6455 §5.1). */
export function encodeOwnPing(toBackend: boolean): Buffer {
  return encodeControlFrame(OPCODE_PING, PAYLOAD, toBackend);
}

/** Whether the pong at `offset`, `size` bytes in all, answers a ping of the gateway's own. Allocates nothing. */
export function isOwnPong(bytes: Buffer, offset: number, size: number): boolean {
  const second = bytes[offset + 1] ?? 0;
  const from = offset + headerSize(second);
  if (from + PING_PAYLOAD_BYTES !== offset + size) return false;
  const isMasked = (second & 0x80) !== 0;
  for (let i = 0; i < PING_PAYLOAD_BYTES; i += 1) {
    const key = isMasked ? (bytes[from - 4 + (i & 3)] ?? 0) : 0;
    if (((bytes[from + i] ?? 0) ^ key) !== PAYLOAD[i]) return false;
  }
  return true;
}
