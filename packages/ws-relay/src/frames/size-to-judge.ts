// Hot path: once per frame that is not walked in one go. Reads two bytes.

import { headerSize } from './frame-header.js';
import { MAX_CONTROL_PAYLOAD, OPCODE_CLOSE, OPCODE_PONG } from './opcodes.js';
import { PING_PAYLOAD_BYTES } from './own-ping.js';

/**
 * How many bytes of the frame at `offset` must be there before it can be judged: its header; of a Close, and of a pong
 * that may answer a ping of the gateway's own, the whole frame.
 * @param end Where the bytes that are there end.
 * @param dropsOwnPongs Whether such pongs are looked for.
 */
export function sizeToJudge(bytes: Buffer, offset: number, end: number, dropsOwnPongs: boolean): number {
  if (end - offset < 2) return 2;
  const second = bytes[offset + 1] ?? 0;
  const size = headerSize(second);
  const opcode = (bytes[offset] ?? 0) & 0x0f;
  if (opcode < OPCODE_CLOSE) return size;
  const length = second & 0x7f;
  const isWhole =
    opcode === OPCODE_CLOSE ? length <= MAX_CONTROL_PAYLOAD : dropsOwnPongs && mayBeOwnPong(opcode, length);
  return isWhole ? size + length : size;
}

/** Whether a frame has the form of an answer to a ping of the gateway's own. */
export function mayBeOwnPong(opcode: number, length: number): boolean {
  return opcode === OPCODE_PONG && length === PING_PAYLOAD_BYTES;
}
