// Hot path: `putFrame` runs once per message that goes out. Frames that follow each other on one connection share one
// write, out of one buffer of the process; nothing is allocated but the view that is written.

import { copyMasked, nextMaskingKey } from './payload-mask.js';

/** As much as the kernel takes at once from a quick connection. */
const BATCH_BYTES = 65_536;
/** 2 bytes, 8 of length, 4 of key. */
const MAX_HEADER_BYTES = 14;

/** Who a batch is written to. */
export interface BatchTarget {
  /** Takes the bytes of whole frames, or the next part of one; keeps nothing of them after the call. */
  write(bytes: Buffer): void;
}

let batch: Buffer | undefined;
let used = 0;
let target: BatchTarget | undefined;

/**
 * Puts a final frame behind what waits for `to`. It is written by {@link flushBatch}, which the caller calls before the
 * event loop goes on, or earlier: by the next frame for somebody else, or when the batch is full.
 * @param first First byte of the header: FIN, reserved bits, opcode (RFC 6455 §5.2).
 * @param isMasked Towards a backend the gateway is the client (§5.1).
 */
export function putFrame(to: BatchTarget, first: number, payload: Uint8Array, isMasked: boolean): void {
  const bytes = (batch ??= Buffer.allocUnsafeSlow(BATCH_BYTES));
  if (target !== to || used + MAX_HEADER_BYTES > BATCH_BYTES) flushBatch();
  target = to;
  const { length } = payload;
  const maskBit = isMasked ? 0x80 : 0;
  bytes[used] = first;
  if (length < 126) {
    bytes[used + 1] = maskBit | length;
    used += 2;
  } else if (length < 65_536) {
    bytes[used + 1] = maskBit | 126;
    used = bytes.writeUInt16BE(length, used + 2);
  } else {
    bytes[used + 1] = maskBit | 127;
    used = bytes.writeUIntBE(length, bytes.writeUInt16BE(0, used + 2), 6);
  }
  let key = 0;
  if (isMasked) {
    key = nextMaskingKey();
    used = bytes.writeInt32LE(key, used);
  }
  putPayload(to, bytes, payload, key);
}

/** Writes what waits, for whomever. */
export function flushBatch(): void {
  if (used === 0 || batch === undefined) return;
  const to = target;
  const bytes = batch.subarray(0, used);
  used = 0;
  target = undefined;
  to?.write(bytes);
}

function putPayload(to: BatchTarget, bytes: Buffer, payload: Uint8Array, key: number): void {
  const { length } = payload;
  let from = 0;
  for (;;) {
    const part = Math.min(length - from, BATCH_BYTES - used);
    copyMasked(payload, from, from + part, bytes, used, key, from);
    used += part;
    from += part;
    if (from === length) return;
    flushBatch();
    target = to;
    // Without a mask the rest can go out from where it lies.
    if (key === 0 && length - from >= BATCH_BYTES) {
      to.write(Buffer.from(payload.buffer, payload.byteOffset + from, length - from));
      return;
    }
  }
}
