import type { Side } from '@ocelot/core';

import type { CloseStatus } from '../frames/close-codes.js';
import { encodeCloseFrame } from '../frames/frame-encoder.js';
import type { FrameLimits } from '../frames/frame-limits.js';
import type { FrameScanner } from '../frames/frame-scanner.js';
import { encodeOwnPing } from '../frames/own-ping.js';
import type { FramedLink } from './framed-link.js';
import type { LegPing } from './leg-ping.js';
import type { Leg } from './leg.js';
import type { Passage } from './passage.js';
import { HANG_UP_MS } from './transfer.js';

/** How long the backend, as the server of its leg, may take to close TCP first (RFC 6455 §7.1.1). */
const SERVER_CLOSES_FIRST_MS = 1000;

/** One side of a framed session: its socket and how far its closing handshake has come. */
export class FramedSide {
  readonly name: Side;
  readonly leg: Leg;
  /** Who hears what happens here. */
  readonly link: FramedLink;
  /** Walks what this side sends. */
  readonly scanner: FrameScanner;
  /** Where what the scanner lets through is held up on its way; undefined: it passes at once. */
  readonly passage: Passage | undefined;
  /** Judges what this side sends; undefined: without limits. */
  readonly limits: FrameLimits | undefined;
  /** Whether this side is still there; undefined: it is not pinged. */
  readonly ping: LegPing | undefined;
  bytes = 0;
  /** The Close frame that came from here. */
  received: CloseStatus | undefined;
  /** An invalid frame came from here: what follows cannot be read, so no Close will be recognised in it. */
  isMuted = false;
  #isClosing = false;
  #farewell: CloseStatus | undefined;
  #isHangingUp = false;
  #finishAtMs = Infinity;
  #destroyAtMs = Infinity;
  #queuedBefore = 0;

  constructor(
    name: Side,
    leg: Leg,
    link: FramedLink,
    scanner: FrameScanner,
    passage: Passage | undefined,
    limits: FrameLimits | undefined,
    ping: LegPing | undefined,
  ) {
    this.name = name;
    this.leg = leg;
    this.link = link;
    this.scanner = scanner;
    this.passage = passage;
    this.limits = limits;
    this.ping = ping;
  }

  /** Whether a Close was written here, or none can be any more: nothing may follow it (RFC 6455 §5.5.1). */
  get isClosing(): boolean {
    return this.#isClosing;
  }
  /** Whether this side sends nothing any more. */
  get isSilent(): boolean {
    return this.leg.hasEnded || this.leg.isClosed || this.scanner.isDone;
  }
  /** Whether a Close of the gateway's waits here for its place. */
  get isAwaitingPlace(): boolean {
    return this.#farewell !== undefined && !this.#isClosing;
  }

  /** A Close frame was written, or the stream is given up. */
  close(): void {
    this.#isClosing = true;
    this.#queuedBefore = this.leg.bytesQueued;
  }

  /** Keeps the Close that this side gets at the next boundary. The first one stays. */
  prepare(status: CloseStatus): void {
    this.#farewell ??= status;
  }

  /** Writes the prepared Close, if it was not overtaken by another. */
  sendFarewell(): void {
    if (!this.isAwaitingPlace || this.#farewell === undefined) return;
    const { code, reason } = this.#farewell;
    this.leg.write(encodeCloseFrame(code, reason, this.name === 'backend'));
    this.close();
  }

  /** Stops reading from the side, while the other one takes no more. */
  hold(): void {
    this.leg.pause();
    this.limits?.hold();
  }

  release(): void {
    this.leg.resume();
    if (!this.leg.isBlocked) this.limits?.release();
  }

  /** The same for a plugin, which counts; what was read already stops behind the open frame. */
  block(): void {
    this.leg.block();
    this.limits?.hold();
    this.scanner.stop();
  }

  unblock(): void {
    this.leg.unblock();
    this.#goOn();
  }

  /** The session ends: a plugin cannot keep it from that. */
  unblockAll(): void {
    if (!this.leg.isBlocked) return;
    this.leg.unblockAll();
    this.#goOn();
  }

  #goOn(): void {
    if (!this.leg.isPaused) this.limits?.release();
    // What was read before goes first: nothing is read before this turn of the event loop is over.
    if (!this.leg.isBlocked) this.scanner.goOn();
  }

  /** Writes the ping that waits for its place here, unless the side has shown life meanwhile. */
  sendPing(nowMs: number): void {
    if (this.ping?.isWanted !== true) return;
    this.scanner.dropOwnPongs();
    this.leg.write(encodeOwnPing(this.name === 'backend'));
    this.ping.sent(nowMs);
  }

  /** Ends TCP once both Close frames are through, or when no more can come (RFC 6455 §7.1.1: the server first). */
  settle(nowMs: number): void {
    if (!this.#isClosing || this.#isHangingUp) return;
    if (this.received === undefined && !this.isMuted && !this.leg.hasEnded) return;
    this.#isHangingUp = true;
    this.leg.resume();
    if (this.name === 'client' || this.leg.hasEnded) this.finish(nowMs);
    else this.#finishAtMs = nowMs + SERVER_CLOSES_FIRST_MS;
  }

  /** Sends FIN behind what is queued; the socket is gone soon after. */
  finish(nowMs: number): void {
    this.close();
    this.#isHangingUp = true;
    this.#finishAtMs = Infinity;
    if (this.#destroyAtMs === Infinity) this.#destroyAtMs = nowMs + HANG_UP_MS;
    // Both Close frames are through: the client has nothing to say any more (RFC 6455 §5.5.1).
    if (this.received === undefined) this.leg.finish();
    else this.leg.hangUp();
    this.leg.resume();
  }

  /** The peer's FIN came: nothing is waited for. */
  ended(nowMs: number): void {
    if (this.#finishAtMs !== Infinity) this.finish(nowMs);
  }

  sweep(nowMs: number): void {
    if (nowMs >= this.#finishAtMs) this.finish(nowMs);
    if (nowMs < this.#destroyAtMs) return;
    if (this.hasProgressed()) this.#destroyAtMs = nowMs + HANG_UP_MS;
    else this.leg.destroy();
  }

  /**
   * Whether the peer took some of what is queued since the last call (or since the Close), while nothing is added: a
   * slow reader gets its tail. It ends, because the queue only shrinks.
   */
  hasProgressed(): boolean {
    const queued = this.leg.bytesQueued;
    const before = this.#queuedBefore;
    this.#queuedBefore = queued;
    return this.#isClosing && queued > 0 && queued < before;
  }

  get isHangingUp(): boolean {
    return this.#isHangingUp;
  }
}
