import { writeClosePayload } from './close-codes.js';
import { masked, maskingKey } from './mask.js';
import { MAX_CONTROL_PAYLOAD, OPCODE_CLOSE } from './opcodes.js';

/**
 * Encodes a control frame of the gateway's own.
 * @param toBackend Masks it: towards the backend the gateway is the client (RFC 6455 §5.1).
 * @throws RangeError when the payload is longer than 125 bytes (§5.5): a fault of the caller.
 */
export function encodeControlFrame(opcode: number, payload: Buffer, toBackend: boolean): Buffer {
  if (payload.length > MAX_CONTROL_PAYLOAD) throw new RangeError('a control frame carries at most 125 bytes');
  const head = Buffer.from([0x80 | opcode, (toBackend ? 0x80 : 0) | payload.length]);
  if (!toBackend) return Buffer.concat([head, payload]);
  const key = maskingKey();
  return Buffer.concat([head, key, masked(payload, key)]);
}

/** Encodes a Close frame (RFC 6455 §5.5.1); without a code it is empty. */
export function encodeCloseFrame(code: number | undefined, reason: string, toBackend: boolean): Buffer {
  return encodeControlFrame(OPCODE_CLOSE, writeClosePayload(code, reason), toBackend);
}
