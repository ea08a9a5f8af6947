import { GatewayError } from '@ocelot/core';

import type { Leg, LegReceiver } from '../transfer/leg.js';

/** Early bytes kept for the backend; beyond it the client has to wait for its answer, as it should anyway. */
const MAX_EARLY_BYTES = 65_536;

/** The client during the handshake. */
export interface ClientWatch<L extends Leg = Leg> {
  readonly leg: L;
  /** Bytes that came before the answer, in order. They belong behind the handshake, wherever that leads. */
  early(): readonly Buffer[];
}

/**
 * Takes the client over, error listener first, and reads it until the handshake is decided: otherwise a client that
 * leaves would go unnoticed, and its backend connection with it.
 * @param head What came behind the request already.
 * @param gone Called once when the client resets or half-closes: a WebSocket client that sends FIN before its answer
 *   has given up.
 */
export function watchClient<L extends Leg>(
  head: Buffer | undefined,
  gone: (error: GatewayError) => void,
  makeLeg: (receiver: LegReceiver) => L,
): ClientWatch<L> {
  const chunks: Buffer[] = head === undefined || head.length === 0 ? [] : [head];
  let size = head?.length ?? 0;
  const leave = (cause?: Error): void => gone(new GatewayError('OCELOT_ERR_CLIENT_GONE', { cause }));
  const receiver = {
    bytes(chunk: Buffer): void {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > MAX_EARLY_BYTES) leg.pause();
    },
    drained() {},
    ended: leave,
    closed: leave,
  };
  const leg = makeLeg(receiver);
  return { leg, early: () => chunks };
}
