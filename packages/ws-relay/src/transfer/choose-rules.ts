import type { Side } from '@ocelot/core';

import type { HeaderRules } from '../frames/frame-header.js';
import { PERMESSAGE_DEFLATE } from '../handshake/permessage-deflate.js';

/** What permessage-deflate uses, on the first frame of a message only (RFC 7692 §6). */
const RSV1 = 0x40;
const ANY_RSV = 0x70;

/** Made once: sessions share them. */
const RULES: Readonly<Record<Side, Readonly<Record<'plain' | 'deflate' | 'unknown', HeaderRules>>>> = {
  client: rulesOf(true),
  backend: rulesOf(false),
};

function rulesOf(expectsMask: boolean): Readonly<Record<'plain' | 'deflate' | 'unknown', HeaderRules>> {
  return {
    plain: { expectsMask, firstFrameBits: 0, otherFrameBits: 0 },
    deflate: { expectsMask, firstFrameBits: RSV1, otherFrameBits: 0 },
    unknown: { expectsMask, firstFrameBits: ANY_RSV, otherFrameBits: ANY_RSV },
  };
}

/**
 * What frames of a side may look like, given the negotiated extensions. An extension that is not known here may use
 * any reserved bit: what it means is agreed between client and backend.
 */
export function headerRules(from: Side, extensions: readonly string[]): HeaderRules {
  const { plain, deflate, unknown } = RULES[from];
  if (extensions.length === 0) return plain;
  return extensions.some((name) => name !== PERMESSAGE_DEFLATE) ? unknown : deflate;
}
