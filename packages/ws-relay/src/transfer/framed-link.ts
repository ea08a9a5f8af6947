// Hot path: `bytes` and `forward` run once per chunk. One object per side instead of eight closures: ten thousands of
// idle sessions hold it.

import type { Side } from '@ocelot/core';

import type { CloseFault, CloseStatus } from '../frames/close-codes.js';
import type { FrameScanner } from '../frames/frame-scanner.js';
import type { ScanSink } from '../frames/scan-sink.js';
import type { LegReceiver } from './leg.js';

/** What happens on a side of a framed session, told to the transfer that owns both. */
export interface FramedEvents {
  /** The side's frames may go on. */
  forward(from: Side, bytes: Buffer): void;
  closeFrame(from: Side, frame: Buffer, status: CloseStatus): void;
  invalid(from: Side, fault: CloseFault): void;
  /** Something may be put in behind what the side sent. */
  boundary(from: Side): void;
  /** The side takes more again. */
  drained(side: Side): void;
  ended(side: Side): void;
  closed(side: Side): void;
}

/** Joins the leg and the scanner of one side with the transfer. */
export class FramedLink implements LegReceiver, ScanSink {
  readonly #side: Side;
  readonly #events: FramedEvents;
  #scanner: FrameScanner | undefined;

  constructor(side: Side, events: FramedEvents) {
    this.#side = side;
    this.#events = events;
  }

  /** Sets who walks what the leg receives. Before the first byte. */
  walkWith(scanner: FrameScanner): void {
    this.#scanner = scanner;
  }

  bytes(chunk: Buffer): void {
    this.#scanner?.push(chunk);
  }

  drained(): void {
    this.#events.drained(this.#side);
  }

  ended(): void {
    this.#events.ended(this.#side);
  }

  closed(): void {
    this.#events.closed(this.#side);
  }

  forward(bytes: Buffer): void {
    this.#events.forward(this.#side, bytes);
  }

  closeFrame(frame: Buffer, status: CloseStatus): void {
    this.#events.closeFrame(this.#side, frame, status);
  }

  invalid(fault: CloseFault): void {
    this.#events.invalid(this.#side, fault);
  }

  boundary(): void {
    this.#events.boundary(this.#side);
  }
}
