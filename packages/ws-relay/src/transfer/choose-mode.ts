import type { BoundTap, TransferMode } from '@ocelot/core';

import { FramedTransfer } from './framed.js';
import { type MessagesInit, MessagesTransfer } from './messages.js';
import { OpaqueTransfer } from './opaque.js';
import type { Transfer, TransferInit } from './transfer.js';

/** Whether a tap decides about messages: the session is then in messages mode. */
export function decidesOnMessages(taps: readonly BoundTap[]): boolean {
  return taps.some(({ tap }) => tap.message !== undefined);
}

/**
 * Makes the transfer that a route asks for (step 10).
 * @param messages Set when a tap of the route decides about messages.
 */
export function createTransfer(mode: TransferMode, init: TransferInit, messages: MessagesInit | undefined): Transfer {
  if (mode === 'opaque') return new OpaqueTransfer(init);
  return messages === undefined ? new FramedTransfer(init) : new MessagesTransfer(init, messages);
}
