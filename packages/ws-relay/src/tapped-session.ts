import type { Exchange, GatewayError, TappedSession } from '@ocelot/core';

import { isSendableCloseCode } from './frames/close-codes.js';
import type { Transfer } from './transfer/transfer.js';

/**
 * What the taps of one session may do about it.
 * @param exchange The upgrade it came from.
 * @param fail {@link Session.close} of it.
 */
export function tappedSession(
  exchange: Exchange,
  transfer: Transfer,
  fail: (error: GatewayError) => void,
): TappedSession {
  return {
    exchange,
    send: (direction, message) => transfer.send?.(direction, message) ?? false,
    close(code, reason) {
      if (!isSendableCloseCode(code)) throw new RangeError(`Close code ${code} must not be sent (RFC 6455 §7.4)`);
      transfer.leave('plugin', { code, reason });
    },
    fail,
    pause: (direction) => transfer.pause?.(direction),
    resume: (direction) => transfer.resume?.(direction),
  };
}
