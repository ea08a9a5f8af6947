// Hot path: `inspect` runs once per frame, on routes with such a limit only. It counts; it asks for the time once for
// as many frames as one second may bring, and allocates only when a limit is broken.

import type { Clock } from '@ocelot/core';

import { CLOSE_POLICY_VIOLATION, CLOSE_TOO_BIG, type CloseFault } from './close-codes.js';
import type { FrameInspector } from './scan-sink.js';
import { OPCODE_CLOSE, OPCODE_CONTINUATION } from './opcodes.js';

/** How much one side may send; 0: no limit. */
export interface FrameLimit {
  /** Payload of one message on the wire, its fragments summed. */
  readonly maxMessageBytes: number;
  /** Frames of one message, without the control frames between them. */
  readonly maxFramesPerMessage: number;
  /** Frames a second, control frames included. */
  readonly maxFrameRate: number;
}

const WINDOW_MS = 1000;

/** Judges the frames of one direction of one session by their headers, before anything of them is passed on. */
export class FrameLimits implements FrameInspector {
  readonly #limit: FrameLimit;
  readonly #clock: Clock;
  #messageBytes = 0;
  #messageFrames = 0;
  /** Frames that the running second still allows. */
  #framesLeft: number;
  #secondFromMs: number;
  #heldFromMs: number | undefined;

  constructor(limit: FrameLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#framesLeft = limit.maxFrameRate;
    this.#secondFromMs = clock.now();
  }

  inspect(first: number, payloadBytes: number): CloseFault | undefined {
    const opcode = first & 0x0f;
    const { maxMessageBytes, maxFramesPerMessage, maxFrameRate } = this.#limit;
    if (opcode < OPCODE_CLOSE) {
      const isContinued = opcode === OPCODE_CONTINUATION;
      this.#messageBytes = payloadBytes + (isContinued ? this.#messageBytes : 0);
      if (maxMessageBytes > 0 && this.#messageBytes > maxMessageBytes) {
        return tooBig(`a message of more than ${maxMessageBytes} bytes (MaxMessageBytes)`);
      }
      this.#messageFrames = isContinued ? this.#messageFrames + 1 : 1;
      if (maxFramesPerMessage > 0 && this.#messageFrames > maxFramesPerMessage) {
        return overLimit(`a message of more than ${maxFramesPerMessage} frames (MaxFramesPerMessage)`);
      }
    }
    // A Close ends the stream anyway: its own code says more than that it came early.
    if (maxFrameRate === 0 || opcode === OPCODE_CLOSE || this.#isInTime()) return undefined;
    return overLimit(`more than ${maxFrameRate} frames a second (MaxFrameRate)`);
  }

  /** The gateway stops reading from the side: what it sends meanwhile will come at once. Idempotent. */
  hold(): void {
    if (this.#limit.maxFrameRate > 0) this.#heldFromMs ??= this.#clock.now();
  }

  /** It reads again, and allows for the frames that the side could send meanwhile. Idempotent. */
  release(): void {
    if (this.#heldFromMs === undefined) return;
    const heldMs = this.#clock.now() - this.#heldFromMs;
    this.#heldFromMs = undefined;
    this.#framesLeft += Math.ceil((heldMs * this.#limit.maxFrameRate) / WINDOW_MS);
  }

  /**
   * A second begins with the first frame behind the one before, so whoever keeps to the rate is never refused; a burst
   * over the end of one second may bring twice as many.
   */
  #isInTime(): boolean {
    if (this.#framesLeft === 0) {
      const now = this.#clock.now();
      if (now - this.#secondFromMs < WINDOW_MS) return false;
      this.#secondFromMs = now;
      this.#framesLeft = this.#limit.maxFrameRate;
    }
    this.#framesLeft -= 1;
    return true;
  }
}

/** The limits of one side, or undefined when there are none: its frames are then not counted at all. */
export function frameLimits(limit: FrameLimit, clock: Clock): FrameLimits | undefined {
  const { maxMessageBytes, maxFramesPerMessage, maxFrameRate } = limit;
  return maxMessageBytes + maxFramesPerMessage + maxFrameRate === 0 ? undefined : new FrameLimits(limit, clock);
}

function tooBig(rule: string): CloseFault {
  return { closeCode: CLOSE_TOO_BIG, rule, limit: 'too-big' };
}

function overLimit(rule: string): CloseFault {
  return { closeCode: CLOSE_POLICY_VIOLATION, rule, limit: 'over-limit' };
}
