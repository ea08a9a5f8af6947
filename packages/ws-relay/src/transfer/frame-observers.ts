// Hot path: `tell` runs once per frame, in sessions that a tap observes only. It allocates nothing.

import type { Direction, FrameHeader, FrameObserver } from '@ocelot/core';

import type { CloseFault } from '../frames/close-codes.js';
import type { FrameLimits } from '../frames/frame-limits.js';
import type { FrameInspector } from '../frames/scan-sink.js';
import type { Fault } from './transfer.js';

/** The one header object that all observers of a session are shown. */
type ReusedHeader = { -readonly [key in keyof FrameHeader]: FrameHeader[key] };

/** The observers of one session, in the order of their taps. The first one that throws is the last that is told. */
export class FrameObservers {
  readonly #failed: (fault: Fault) => void;
  readonly #header: ReusedHeader = { opcode: 0, isFinal: true, reservedBits: 0, payloadBytes: 0 };
  #observers: { readonly tap: string; readonly observer: FrameObserver }[] = [];

  /** @param failed Told once, when an observer throws: ends the session. */
  constructor(failed: (fault: Fault) => void) {
    this.#failed = failed;
  }

  /** Before the first byte passes. */
  add(tap: string, observer: FrameObserver): void {
    this.#observers.push({ tap, observer });
  }

  tell(direction: Direction, first: number, payloadBytes: number): void {
    const header = this.#header;
    header.opcode = first & 0x0f;
    header.isFinal = (first & 0x80) !== 0;
    header.reservedBits = first & 0x70;
    header.payloadBytes = payloadBytes;
    for (const { tap, observer } of this.#observers) {
      try {
        observer.frame(direction, header);
      } catch (cause) {
        this.#observers = [];
        this.#failed(tapFault(tap, cause));
        return;
      }
    }
  }
}

/** What the log says of a tap that threw. */
export function tapFault(tap: string, cause: unknown): Fault {
  return { what: `tap ${tap}: ${cause instanceof Error ? cause.message : String(cause)}`, cause };
}

/** What looks at the frames of one direction: limits first, so that no observer sees a frame that does not pass. */
export function frameInspector(
  direction: Direction,
  limits: FrameLimits | undefined,
  observers: FrameObservers | undefined,
): FrameInspector | undefined {
  if (observers === undefined) return limits;
  return {
    inspect(first, payloadBytes): CloseFault | undefined {
      const fault = limits?.inspect(first, payloadBytes);
      if (fault === undefined) observers.tell(direction, first, payloadBytes);
      return fault;
    },
  };
}
