import type { GatewayError } from '@ocelot/core';

import {
  CLOSE_BAD_GATEWAY,
  CLOSE_INTERNAL_ERROR,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TRY_AGAIN_LATER,
  type CloseStatus,
  isSendableCloseCode,
} from './frames/close-codes.js';

/**
 * What a Close frame says of an error, where an answer cannot say it any more: the error's own close code, or the one
 * that fits its status; its message as the reason.
 */
export function closeStatusOf({ closeCode, status, message }: GatewayError): CloseStatus {
  const isUsable = closeCode !== undefined && isSendableCloseCode(closeCode);
  return { code: isUsable ? closeCode : closeCodeOfStatus(status), reason: message };
}

/**
 * The close code for what would have been an answer: 1008 where the client is to blame, 1013 where it may come again,
 * 1014 where a backend answered what is no use to a client, 1011 for the rest (IANA registry of close codes).
 */
export function closeCodeOfStatus(status: number): number {
  if (status >= 400 && status < 500) return CLOSE_POLICY_VIOLATION;
  if (status === 503) return CLOSE_TRY_AGAIN_LATER;
  if (status === 502 || status === 504 || (status > 0 && status < 400)) return CLOSE_BAD_GATEWAY;
  return CLOSE_INTERNAL_ERROR;
}
