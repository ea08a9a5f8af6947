import { GatewayError } from '@ocelot/core';

import type { Leg, LegReceiver } from '../transfer/leg.js';

/** Early bytes kept for the backend; beyond it the client has to wait for its answer, as it should anyway. */
const MAX_EARLY_BYTES = 65_536;

/**
 * The client during the handshake: read until that is decided, or a client that leaves would go unnoticed, and its
 * backend connection with it.
 */
export class ClientWatch<L extends Leg = Leg> implements LegReceiver {
  readonly leg: L;
  readonly #gone: (error: GatewayError) => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #reader: ((chunk: Buffer) => void) | undefined;

  /**
   * Takes the client over, error listener first.
   * @param head What came behind the request already.
   * @param gone Called once when the client resets or half-closes: a WebSocket client that sends FIN before its answer
   *   has given up.
   */
  constructor(head: Buffer | undefined, gone: (error: GatewayError) => void, makeLeg: (receiver: LegReceiver) => L) {
    this.#gone = gone;
    if (head !== undefined && head.length > 0) this.#keep(head);
    this.leg = makeLeg(this);
  }

  /** Bytes that came before the answer, in order. They belong behind the handshake, wherever that leads. */
  get early(): readonly Buffer[] {
    return this.#chunks;
  }

  /**
   * Gives what came and what comes to `reader`, which copies what it needs, until {@link ClientWatch.giveBack}. Never
   * from inside a reader.
   */
  readWith(reader: (chunk: Buffer) => void): void {
    this.#reader = reader;
    const kept = this.#chunks.splice(0);
    this.#size = 0;
    // The reader may have enough before the end: the rest is kept again.
    for (const chunk of kept) this.bytes(chunk);
    if (this.#size <= MAX_EARLY_BYTES) this.leg.resume();
  }

  /** Keeps again what comes. @param unread What the reader leaves, before that; not copied. */
  giveBack(unread: readonly Buffer[]): void {
    this.#reader = undefined;
    for (const chunk of unread) if (chunk.length > 0) this.#keep(chunk);
    if (this.#size > MAX_EARLY_BYTES) this.leg.pause();
  }

  bytes(chunk: Buffer): void {
    if (this.#reader !== undefined) {
      this.#reader(chunk);
      return;
    }
    this.#keep(Buffer.from(chunk));
    if (this.#size > MAX_EARLY_BYTES) this.leg.pause();
  }

  drained(): void {}

  ended(): void {
    this.#leave();
  }

  closed(cause?: Error): void {
    this.#leave(cause);
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  #leave(cause?: Error): void {
    this.#gone(new GatewayError('OCELOT_ERR_CLIENT_GONE', { cause }));
  }
}
