import type { Exchange, TappedSession } from '@ocelot/core';

import { isSendableCloseCode } from './frames/close-codes.js';
import type { Transfer } from './transfer/transfer.js';

/**
 * What the taps of one session may do about it.
 * @param exchange The upgrade it came from.
 */
export function tappedSession(exchange: Exchange, transfer: Transfer): TappedSession {
  return {
    exchange,
    send: (direction, message) => transfer.send?.(direction, message) ?? false,
    close(code, reason) {
      if (!isSendableCloseCode(code)) throw new RangeError(`Close code ${code} must not be sent (RFC 6455 §7.4)`);
      transfer.leave('plugin', { code, reason });
    },
  };
}
