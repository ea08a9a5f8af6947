// Hot path: `frame` runs for each frame of a recorded connection on routes with `MessageEvents`, and on no other. No
// allocation for frames that are not taken; it goes quiet once the span holds as many as it may.
import type { Direction, FrameHeader, FrameObserver } from '@ocelot/core';

/** Most messages of one connection that become events; the SDK keeps 128 events of a span. */
const MOST_EVENTS = 100;

/** One message, without a byte of it. */
export interface SeenMessage {
  readonly direction: Direction;
  readonly type: 'text' | 'binary';
  /** As on the wire: compressed where an extension compresses. */
  readonly bytes: number;
}

/** A message that is under way in one direction. */
interface Growing {
  opcode: number;
  bytes: number;
}

/**
 * Takes a share of the messages of one connection.
 * @param ratio 0 to 1.
 */
export function messageObserver(
  ratio: number,
  random: () => number,
  take: (message: SeenMessage) => void,
): FrameObserver {
  const growing: Readonly<Record<Direction, Growing>> = {
    'to-backend': { opcode: 0, bytes: 0 },
    'to-client': { opcode: 0, bytes: 0 },
  };
  let taken = 0;
  return {
    frame(direction: Direction, header: FrameHeader): void {
      if (taken >= MOST_EVENTS || header.opcode >= 8) return;
      const message = growing[direction];
      if (header.opcode !== 0) {
        message.opcode = header.opcode;
        message.bytes = 0;
      }
      message.bytes += header.payloadBytes;
      if (!header.isFinal || random() >= ratio) return;
      taken += 1;
      take({ direction, type: message.opcode === 1 ? 'text' : 'binary', bytes: message.bytes });
    },
  };
}
