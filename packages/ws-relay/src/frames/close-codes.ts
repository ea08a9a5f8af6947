import { isUtf8 } from 'node:buffer';

import { MAX_CONTROL_PAYLOAD } from './opcodes.js';

/** Longest reason beside a Close code: a control frame's payload less the code. */
export const MAX_REASON_BYTES: number = MAX_CONTROL_PAYLOAD - 2;

/** Close codes that the gateway itself sends (RFC 6455 §7.4.1 and the IANA registry). */
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_INVALID_PAYLOAD = 1007;
export const CLOSE_POLICY_VIOLATION = 1008;
export const CLOSE_TOO_BIG = 1009;
export const CLOSE_INTERNAL_ERROR = 1011;
export const CLOSE_SERVICE_RESTART = 1012;
export const CLOSE_TRY_AGAIN_LATER = 1013;
export const CLOSE_BAD_GATEWAY = 1014;

/** What a Close frame says. */
export interface CloseStatus {
  /** Undefined when the frame is empty: 1005 for an application, nothing on the wire (RFC 6455 §7.1.5). */
  readonly code: number | undefined;
  readonly reason: string;
}

/** Why a Close frame cannot be passed on. */
export interface CloseFault {
  readonly closeCode: number;
  readonly rule: string;
  /** Set when the frame is valid, but more than the route allows. */
  readonly limit?: 'too-big' | 'over-limit';
}

/**
 * Whether a code may stand in a Close frame (RFC 6455 §7.4): 1004 is reserved, 1005, 1006 and 1015 never go on the
 * wire, 1016–2999 are not defined, 3000–4999 belong to libraries and applications.
 */
export function isSendableCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Reads the unmasked payload of a Close frame, or says which rule it breaks (RFC 6455 §5.5.1). */
export function readClosePayload(payload: Buffer): CloseStatus | CloseFault {
  if (payload.length === 0) return { code: undefined, reason: '' };
  if (payload.length === 1)
    return { closeCode: CLOSE_PROTOCOL_ERROR, rule: 'a Close payload has no or two code bytes' };
  const code = payload.readUInt16BE(0);
  if (!isSendableCloseCode(code)) {
    return { closeCode: CLOSE_PROTOCOL_ERROR, rule: `Close code ${code} must not be sent (RFC 6455 §7.4)` };
  }
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) return { closeCode: CLOSE_INVALID_PAYLOAD, rule: 'a Close reason is not UTF-8' };
  return { code, reason: reason.toString('utf8') };
}

/** The payload for a code and a reason; the reason is cut to 123 bytes without splitting a character. */
export function writeClosePayload(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const text = Buffer.from(reason, 'utf8');
  let length = Math.min(text.length, MAX_REASON_BYTES);
  // Continuation bytes are 10xxxxxx: step back to the start of the character that would be split.
  if (length < text.length) while (length > 0 && ((text[length] ?? 0) & 0xc0) === 0x80) length -= 1;
  const payload = Buffer.allocUnsafe(2 + length);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2, 0, length);
  return payload;
}
