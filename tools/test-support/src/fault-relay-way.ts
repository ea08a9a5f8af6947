import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Fault, WayShape } from './fault-plan.js';

/** What a way tells the connection it belongs to. */
export interface WayEvents {
  /** A fault of the plan is due. For a `stall` the way waits by itself. */
  fault(fault: Fault): void;
  /** The sender's FIN came, and everything before it has passed. */
  ended(): void;
}

/** One direction of a relayed connection: takes what a socket sends and hands it to the other as the plan wants it. */
export class RelayWay {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #shape: WayShape;
  readonly #faults: Fault[];
  readonly #events: WayEvents;
  readonly #queue: Buffer[] = [];
  readonly #beganMs = performance.now();
  #splits: readonly number[];
  #passed = 0;
  #isBusy = false;
  #hasEnded = false;
  #isOver = false;
  #isSwallowing = false;
  #stalled: Promise<void> | undefined;
  #release: (() => void) | undefined;

  constructor(from: Socket, to: Socket, shape: WayShape, faults: readonly Fault[], events: WayEvents) {
    this.#from = from;
    this.#to = to;
    this.#shape = shape;
    this.#faults = faults.toSorted((a, b) => a.afterBytes - b.afterBytes);
    this.#splits = shape.splitAt ?? [];
    this.#events = events;
    from.on('data', (chunk: Buffer) => this.take(chunk));
    // A FIN is told of also while a socket is paused: it may have come before the way existed.
    this.#hasEnded = from.readableEnded;
    from.once('end', () => {
      this.#hasEnded = true;
      this.#run();
    });
  }

  /** Bytes handed on so far. */
  get passed(): number {
    return this.#passed;
  }

  /** Takes bytes as if they came from the sender: what was read before the way existed. */
  take(chunk: Buffer): void {
    if (this.#isOver || this.#isSwallowing) return;
    this.#queue.push(chunk);
    this.#run();
  }

  /** Looks whether a fault is due before the first byte. */
  begin(): void {
    this.#run();
  }

  /** From now on bytes are read and thrown away, and the sender's FIN goes unsaid. */
  swallow(): void {
    this.#isSwallowing = true;
    this.#queue.length = 0;
    this.unstall();
    this.#from.resume();
  }

  /** Nothing passes any more; what still comes is read and thrown away, so that its sender can end. */
  stop(): void {
    this.#isOver = true;
    this.#queue.length = 0;
    this.unstall();
    this.#from.resume();
  }

  /** Stops reading the sender, for `ms` or until {@link unstall}. */
  stall(ms?: number): void {
    if (this.#isOver || this.#stalled !== undefined) return;
    this.#from.pause();
    this.#stalled = new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => this.unstall(), ms);
      this.#release = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Idempotent. */
  unstall(): void {
    this.#release?.();
    this.#release = undefined;
    this.#stalled = undefined;
    if (!this.#isBusy) this.#from.resume();
  }

  #run(): void {
    if (this.#isBusy || this.#isOver) return;
    this.#isBusy = true;
    // Rejects only by a fault of this class, and then it must be seen: an unhandled rejection ends the process.
    void this.#work();
  }

  async #work(): Promise<void> {
    for (;;) {
      this.#raiseFaults();
      if (this.#stalled !== undefined) await this.#stalled;
      const chunk = this.#queue.shift();
      if (this.#isOver || this.#isSwallowing) return;
      if (chunk === undefined) break;
      const piece = chunk.subarray(0, this.#room(chunk.length));
      if (piece.length < chunk.length) this.#queue.unshift(chunk.subarray(piece.length));
      const waitMs = this.#waitMs(piece.length);
      if (waitMs > 0) await this.#pausedFor(sleep(waitMs));
      else if (this.#isCutUp) await this.#pausedFor(new Promise((resolve) => setImmediate(resolve)));
      if (this.#isOver || this.#isSwallowing) return;
      this.#passed += piece.length;
      if (!this.#to.destroyed && this.#to.writable && !this.#to.write(piece)) await this.#pausedFor(this.#drained());
    }
    // In the same turn as the last look into the queue: several chunks may come in one.
    this.#isBusy = false;
    this.#from.resume();
    if (!this.#hasEnded) return;
    this.#isOver = true;
    this.#events.ended();
  }

  #raiseFaults(): void {
    for (
      let fault = this.#faults[0];
      fault !== undefined && fault.afterBytes <= this.#passed;
      fault = this.#faults[0]
    ) {
      this.#faults.shift();
      if (fault.kind === 'stall') this.stall(fault.ms);
      this.#events.fault(fault);
    }
  }

  /** How many of the waiting bytes may go in one piece: up to the next fault, the next split, the size of pieces. */
  #room(waiting: number): number {
    const { pieceBytes = Infinity, bytesPerSecond } = this.#shape;
    this.#splits = this.#splits.filter((offset) => offset > this.#passed);
    return Math.min(
      waiting,
      (this.#faults[0]?.afterBytes ?? Infinity) - this.#passed,
      (this.#splits[0] ?? Infinity) - this.#passed,
      this.#isInSmallPieces ? Math.max(1, pieceBytes) : Infinity,
      bytesPerSecond === undefined ? Infinity : Math.max(1, Math.floor(bytesPerSecond / 50)),
    );
  }

  get #isInSmallPieces(): boolean {
    const { pieceBytes, piecesUntil = Infinity, piecesForMs = Infinity } = this.#shape;
    if (pieceBytes === undefined || this.#passed >= piecesUntil) return false;
    return performance.now() - this.#beganMs < piecesForMs;
  }

  /** Pieces need a turn of the event loop each, or the system sends them as one. */
  get #isCutUp(): boolean {
    return this.#isInSmallPieces || this.#splits.length > 0;
  }

  #waitMs(bytes: number): number {
    const { delayMs = 0, bytesPerSecond } = this.#shape;
    return delayMs + (bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1000);
  }

  async #pausedFor(event: Promise<unknown>): Promise<void> {
    this.#from.pause();
    await event;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#to.off('drain', done);
        this.#to.off('close', done);
        resolve();
      };
      this.#to.once('drain', done);
      this.#to.once('close', done);
    });
  }
}
