const NAMES = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/** Counts the frames of one session by opcode and direction, and tells of them once, when it is over. */
function observe({ exchange }) {
  const counts = {};
  let payloadBytes = 0;
  exchange.defer(() => exchange.log.info({ ...counts, payloadBytes }, 'frames seen'));
  return {
    frame(direction, header) {
      const key = `${NAMES[header.opcode]} ${direction}`;
      counts[key] = (counts[key] ?? 0) + 1;
      payloadBytes += header.payloadBytes;
    },
  };
}

/** Looks at the frames of every route; no payload is read or copied for it. */
export function frameCounts() {
  return {
    name: 'frame-counts',
    setup(registry) {
      registry.tap({ name: 'frame-counts', forRoute: () => ({ observe }) });
    },
  };
}
