import type { TransferMode } from '@ocelot/core';

import { FramedTransfer } from './framed.js';
import { OpaqueTransfer } from './opaque.js';
import type { Transfer, TransferInit } from './transfer.js';

/** Makes the transfer that a route asks for (step 10). */
export function createTransfer(mode: TransferMode, init: TransferInit): Transfer {
  return mode === 'opaque' ? new OpaqueTransfer(init) : new FramedTransfer(init);
}
