import type { Admission, UpgradeRequest } from '@ocelot/core';

import { agreedByBackend, agreeWithClient, compressesWith } from '../handshake/deflate-offer.js';
import { readExtensions } from '../handshake/extensions.js';
import type { ResponseHead } from '../handshake/response-head.js';
import { headerValues } from '@ocelot/relay-kit';
import { MessageDeflate } from './message-deflate.js';
import { type CompressedLegs, MAX_MESSAGE_BYTES } from './messages.js';

/** Compression of one session, as agreed with each side. */
export interface AgreedCompression {
  readonly legs: CompressedLegs;
  /** `Sec-WebSocket-Extensions` of the answer to the client; empty: none. */
  readonly answer: string;
  /** Gives what zlib holds back. */
  dispose(): void;
}

/**
 * Settles compression with both sides, in messages mode.
 * @param head The backend's 101, checked against what was offered.
 */
export function agreeOnCompression(
  { request, route }: Admission<UpgradeRequest>,
  head: ResponseHead,
): AgreedCompression {
  const { compression, limits } = route;
  const common = {
    thresholdBytes: compression.thresholdBytes,
    maxMessageBytes: limits.maxMessageBytes || MAX_MESSAGE_BYTES,
  };
  const offers = readExtensions(request.extensions === undefined ? [] : [request.extensions]);
  const accepted = readExtensions(headerValues(head.rawHeaders, 'sec-websocket-extensions'));
  const withClient = compressesWith('client', compression) ? agreeWithClient(offers, compression) : undefined;
  const byBackend = agreedByBackend(accepted, compression);
  const legs: CompressedLegs = {
    client: withClient && new MessageDeflate({ ...common, parameters: withClient.parameters, isServer: true }),
    backend: byBackend && new MessageDeflate({ ...common, parameters: byBackend, isServer: false }),
  };
  return {
    legs,
    answer: withClient?.answer ?? '',
    dispose() {
      legs.client?.dispose();
      legs.backend?.dispose();
    },
  };
}
