import { CLOSE_PROTOCOL_ERROR, type CloseFault } from './close-codes.js';
import { MAX_CONTROL_PAYLOAD, OPCODE_BINARY, OPCODE_CONTINUATION, OPCODE_PONG } from './opcodes.js';

/** 2 bytes, 8 of length, 4 of key. */
export const MAX_HEADER_BYTES = 14;

/** First value of the high half of a 64-bit length that a JavaScript number cannot hold exactly: 2^53 / 2^32. */
const UNSAFE_HIGH_HALF = 0x20_0000;
const TWO_TO_32 = 0x1_0000_0000;

/** Size of a frame's header, given its second byte (RFC 6455 §5.2). */
export function headerSize(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}

/** Payload length of the header at `offset`, which is complete; -1 when it is 2^53 or more, or has its top bit set. */
export function payloadLength(bytes: Buffer, offset: number): number {
  const length = (bytes[offset + 1] ?? 0) & 0x7f;
  if (length < 126) return length;
  if (length === 126) return bytes.readUInt16BE(offset + 2);
  const high = bytes.readUInt32BE(offset + 2);
  return high >= UNSAFE_HIGH_HALF ? -1 : high * TWO_TO_32 + bytes.readUInt32BE(offset + 6);
}

/** What a header is checked against. */
export interface HeaderRules {
  /** Client frames are masked, server frames are not (RFC 6455 §5.1). */
  readonly expectsMask: boolean;
  /** Reserved bits (as 0x70) that the negotiated extensions use on the first frame of a message. */
  readonly firstFrameBits: number;
  /** The same for every other frame; permessage-deflate uses none there (RFC 7692 §6.1). */
  readonly otherFrameBits: number;
}

/**
 * Checks the two first bytes of a header.
 * @param inMessage Whether a fragmented message is open.
 * @returns the rule that is broken, or undefined.
 */
export function headerFault(first: number, second: number, inMessage: boolean, rules: HeaderRules): string | undefined {
  const opcode = first & 0x0f;
  const isControl = opcode >= 0x8;
  const isFirst = !isControl && opcode !== OPCODE_CONTINUATION;
  if ((first & 0x70 & ~(isFirst ? rules.firstFrameBits : rules.otherFrameBits)) !== 0) {
    return 'a reserved bit is set without an extension that defines it (RFC 6455 §5.2)';
  }
  if (isControl) {
    if (opcode > OPCODE_PONG) return `opcode ${opcode} is reserved (RFC 6455 §5.2)`;
    if ((first & 0x80) === 0) return 'a control frame is fragmented (RFC 6455 §5.5)';
    if ((second & 0x7f) > MAX_CONTROL_PAYLOAD) return 'a control frame is longer than 125 bytes (RFC 6455 §5.5)';
  } else {
    if (opcode > OPCODE_BINARY) return `opcode ${opcode} is reserved (RFC 6455 §5.2)`;
    if (isFirst && inMessage) return 'a message begins inside another one (RFC 6455 §5.4)';
    if (!isFirst && !inMessage) return 'a continuation frame has nothing to continue (RFC 6455 §5.4)';
  }
  if (((second & 0x80) !== 0) !== rules.expectsMask) {
    return rules.expectsMask
      ? 'a client frame is not masked (RFC 6455 §5.1)'
      : 'a server frame is masked (RFC 6455 §5.1)';
  }
  return undefined;
}

/** The fault of a length that {@link payloadLength} refuses. */
export const LENGTH_FAULT: CloseFault = {
  closeCode: CLOSE_PROTOCOL_ERROR,
  rule: 'a 64-bit length is 2^53 or more, or has its top bit set (RFC 6455 §5.2)',
};
