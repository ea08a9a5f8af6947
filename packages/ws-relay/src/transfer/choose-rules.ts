import type { Side } from '@ocelot/core';

import type { HeaderRules } from '../frames/frame-header.js';

const RSV1 = 0x40;
const ANY_RSV = 0x70;

/** The one extension whose use of the reserved bits is known (RFC 7692). */
const PERMESSAGE_DEFLATE = 'permessage-deflate';

/**
 * What frames of a side may look like, given the negotiated extensions. An extension that is not known here may use
 * any reserved bit: what it means is agreed between client and backend.
 */
export function headerRules(from: Side, extensions: readonly string[]): HeaderRules {
  const expectsMask = from === 'client';
  if (extensions.some((name) => name !== PERMESSAGE_DEFLATE)) {
    return { expectsMask, firstFrameBits: ANY_RSV, otherFrameBits: ANY_RSV };
  }
  return { expectsMask, firstFrameBits: extensions.length > 0 ? RSV1 : 0, otherFrameBits: 0 };
}
