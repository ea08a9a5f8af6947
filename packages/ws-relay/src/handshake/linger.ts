import type { Clock } from '@ocelot/core';

import type { Leg } from '../transfer/leg.js';

/** How long and how much of what a peer still sends is thrown away after an answer. */
const LINGER_MS = 2000;
const LINGER_BYTES = 262_144;

/** How long an answer may take to leave when the peer does not read. */
const FLUSH_MS = 10_000;

/**
 * Ends a connection, or a stream of one, after its last bytes were written: FIN behind them, then the peer's remaining bytes are read and
 * thrown away until it ends too, within limits. Closing at once instead would answer those bytes with RST, and RST
 * takes the answer away before the peer could read it (RFC 9112 §9.6). Nothing that arrives is parsed.
 */
export function linger(leg: Leg, clock: Clock): void {
  if (leg.isClosed) return;
  const stop = (): void => leg.destroy();
  let timer = clock.setTimer(FLUSH_MS, stop);
  let discarded = 0;
  leg.socket.once('finish', () => {
    timer.clear();
    if (leg.hasEnded) stop();
    else timer = clock.setTimer(LINGER_MS, stop);
  });
  leg.attach({
    bytes(chunk) {
      discarded += chunk.length;
      if (discarded > LINGER_BYTES) stop();
    },
    drained() {},
    ended() {
      if (leg.bytesQueued === 0) stop();
    },
    closed: () => timer.clear(),
  });
  leg.hangUp();
  leg.resume();
}
