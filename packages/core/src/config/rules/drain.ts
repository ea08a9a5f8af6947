import type { FileRule } from './rule.js';

/**
 * The code that leaving sockets are closed with may stand in a Close frame (RFC 6455 §7.4): with another one every
 * client would report a broken gateway instead of a restart.
 */
export const drainCode: FileRule = (context) => {
  const drain = context.shared.Gateway?.Drain;
  const code = drain?.CloseCode;
  if (drain === undefined || code === undefined || isSendable(code)) return;
  context.error({
    kind: 'InvalidCloseCode',
    at: drain,
    key: 'CloseCode',
    message: `Close code ${code} must not be sent (RFC 6455 §7.4).`,
    hint: 'Write 1012 (service restart), 1001 (going away), or one of your own from 3000 to 4999.',
  });
};

/** 1004, 1005, 1006 and 1015 are reserved, 1016 to 2999 not defined. */
function isSendable(code: number): boolean {
  return code >= 3000 || (code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006);
}
