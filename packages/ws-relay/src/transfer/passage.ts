import type { Side } from '@ocelot/core';

import type { ScanSink } from '../frames/scan-sink.js';

/**
 * The way of one side's messages to the other side, where they are looked at and may be held up. It takes what the
 * scanner of the side lets through, writes to the other leg itself, and hands on the events of the stream when all that
 * came before them is through.
 */
export interface Passage extends ScanSink {
  /** Bytes of frames taken from the side. */
  readonly bytes: number;
  /** A queue is empty again, or the other side takes nothing any more: goes on, and lets the side send. */
  drained(): void;
  /** Runs `action` once all that came before is through; at once when nothing waits. */
  behind(action: () => void): void;
}

/** Who sends into a passage. */
export interface Sender {
  /** Nothing is read from it any more; what comes meanwhile waits in the system's buffers. */
  pause(): void;
  resume(): void;
}

/**
 * Makes the passage of the messages of `from`.
 * @param sender What it holds back while a message is held up.
 * @param next Where the events of the stream go.
 * @param isClosed Whether nothing may be written to the other side any more.
 */
export type PassageFactory = (from: Side, sender: Sender, next: ScanSink, isClosed: () => boolean) => Passage;
