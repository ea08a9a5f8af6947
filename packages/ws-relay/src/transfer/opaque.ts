// Hot path: `bytes` runs once per chunk and does nothing but count it and write it to the other leg.

import type { Side, TransferCount } from '@ocelot/core';

import type { GatewayEnd } from '../close-table.js';
import type { CloseStatus } from '../frames/close-codes.js';
import type { Leg, LegReceiver } from './leg.js';
import { type Fault, HANG_UP_MS, otherSide, type Transfer, type TransferHost, type TransferInit } from './transfer.js';

/**
 * Bytes only, for peers that do not keep to RFC 6455: no counts of messages, no close codes, no Close of its own. A
 * half-close goes through; the other direction may go on as long as it moves.
 */
export class OpaqueTransfer implements Transfer {
  readonly isMidMessage = false;
  readonly #init: TransferInit;
  readonly #host: TransferHost;
  readonly #bytes: Record<Side, number> = { client: 0, backend: 0 };
  #hasEnded = false;
  #closeByMs = Infinity;
  #destroyAtMs = Infinity;
  /** Bytes moved and bytes queued when the deadline was set: it moves on while they change. */
  #receivedBefore = 0;
  #queuedBefore = 0;
  #isAskedToLeave = false;

  constructor(init: TransferInit) {
    this.#init = init;
    this.#host = init.host;
  }

  get fromClient(): TransferCount {
    return { bytes: this.#bytes.client, messages: 0 };
  }
  get fromBackend(): TransferCount {
    return { bytes: this.#bytes.backend, messages: 0 };
  }

  receiver(side: Side): LegReceiver {
    const leg = this.#init[side];
    const other = this.#init[otherSide(side)];
    return {
      bytes: (chunk) => {
        this.#bytes[side] += chunk.length;
        if (!other.write(chunk)) leg.pause();
      },
      drained: () => other.resume(),
      ended: () => {
        this.#end(() => this.#host.ends(`${side}.end`));
        this.#finish(other);
      },
      closed: (error) => {
        const isOrderly = leg.hasEnded && error === undefined;
        this.#end(() => this.#host.ends(isOrderly ? `${side}.end` : `${side}.lost`));
        this.#finish(other);
        // Nobody receives any more what it sends.
        this.#destroyAtMs = Math.min(this.#destroyAtMs, this.#init.clock.now() + HANG_UP_MS);
        this.#host.legClosed();
      },
    };
  }

  leave(event: GatewayEnd, _given?: CloseStatus, fault?: Fault): void {
    if (this.#hasEnded) return;
    this.#isAskedToLeave = true;
    this.#end(() => this.#host.ends(event, undefined, fault));
    this.#finish(this.#init.client);
    this.#finish(this.#init.backend);
  }

  sweep(nowMs: number): number {
    if (nowMs >= this.#destroyAtMs) {
      if (this.#hasMoved()) this.#destroyAtMs = nowMs + HANG_UP_MS;
      else this.#destroy();
    } else if (nowMs >= this.#closeByMs) {
      if (!this.#isAskedToLeave && this.#hasMoved()) this.#closeByMs = nowMs + this.#init.closeMs;
      else {
        this.#host.closeTimedOut();
        this.#destroy();
      }
    }
    return Infinity;
  }

  #end(tell: () => void): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#init.closeMs > 0) this.#closeByMs = this.#init.clock.now() + this.#init.closeMs;
    this.#hasMoved();
    tell();
  }

  #finish(leg: Leg): void {
    leg.finish();
    // Its sender is not paused for it any more.
    this.#init.client.resume();
    this.#init.backend.resume();
  }

  /** Whether bytes came in or went out since the last call. */
  #hasMoved(): boolean {
    const { client, backend } = this.#init;
    const received = client.bytesReceived + backend.bytesReceived;
    const queued = client.bytesQueued + backend.bytesQueued;
    const moved = received !== this.#receivedBefore || queued < this.#queuedBefore;
    this.#receivedBefore = received;
    this.#queuedBefore = queued;
    return moved;
  }

  #destroy(): void {
    this.#init.client.destroy();
    this.#init.backend.destroy();
  }
}
