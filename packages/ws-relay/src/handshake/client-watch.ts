import type { Duplex } from 'node:stream';

import { GatewayError } from '@ocelot/core';

import { Leg } from '../transfer/leg.js';

/** Early bytes kept for the backend; beyond it the client has to wait for the 101, as it should anyway. */
const MAX_EARLY_BYTES = 65_536;

/** The client during the handshake. */
export interface ClientWatch {
  readonly leg: Leg;
  /** Bytes that came before the 101, in order. They belong behind the handshake, wherever that leads. */
  early(): readonly Buffer[];
}

/**
 * Takes the client's socket over, error listener first, and reads it until the handshake is decided: otherwise a
 * client that leaves would go unnoticed, and its backend connection with it.
 * @param directIo See {@link WebSocketRelayOptions.directIo}.
 * @param gone Called once when the client resets or half-closes: a WebSocket client that sends FIN before the 101 has
 *   given up.
 */
export function watchClient(
  socket: Duplex,
  head: Buffer,
  directIo: boolean,
  gone: (error: GatewayError) => void,
): ClientWatch {
  const chunks: Buffer[] = head.length > 0 ? [head] : [];
  let size = head.length;
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
  const leg = new Leg(socket, receiver, directIo);
  return { leg, early: () => chunks };
}
