import type { BoundTap, Clock, Endpoint, ErrorCode, Exchange, Route, Session, SessionSummary } from '@ocelot/core';

import { closeRule, type EndEvent } from './close-table.js';
import type { CloseStatus } from './frames/close-codes.js';
import type { IdleSweeper, Sweepable } from './idle-sweeper.js';
import { tappedSession } from './tapped-session.js';
import { createTransfer, decidesOnMessages } from './transfer/choose-mode.js';
import { FrameObservers, tapFault } from './transfer/frame-observers.js';
import type { Leg } from './transfer/leg.js';
import type { CompressedLegs } from './transfer/messages.js';
import type { NamedHook } from './transfer/run-hooks.js';
import { type Fault, HANG_UP_MS, type Transfer, type TransferHost } from './transfer/transfer.js';

/** What a session is made of, once both handshakes are through. */
export interface TunnelInit {
  readonly id: string;
  readonly route: Route;
  readonly endpoint: Endpoint;
  /** Both legs belong to the session from here on. */
  readonly client: Leg;
  readonly backend: Leg;
  /** Names of the negotiated extensions, in lower case. */
  readonly extensions: readonly string[];
  /** What the session came from, for taps. */
  readonly exchange: Exchange;
  /** Those of the route; empty for most. */
  readonly taps: readonly BoundTap[];
  /** Messages mode: what was negotiated with each side. */
  readonly compressed?: CompressedLegs | undefined;
  readonly clock: Clock;
  readonly sweeper: IdleSweeper;
}

/** How a session began to end. */
interface End {
  readonly event: EndEvent;
  readonly status: CloseStatus | undefined;
  readonly fault: Fault | undefined;
}

/**
 * An open tunnel: owns both sockets from the 101 until both are gone. The transfer moves the bytes; the session keeps
 * the time, and decides its summary once, at its first end.
 */
export class Tunnel implements Session, TransferHost, Sweepable {
  readonly id: string;
  readonly route: Route;
  readonly closed: Promise<SessionSummary>;
  readonly #init: TunnelInit;
  readonly #transfer: Transfer;
  readonly #openedMs: number;
  readonly #resolve: (summary: SessionSummary) => void;
  readonly #observers: FrameObservers | undefined;
  readonly #hooks: NamedHook[] | undefined;
  #end: End | undefined;
  #hasTimedOut = false;
  #isSettled = false;
  #bytesSeen = 0;
  #lastMovedMs: number;

  constructor(init: TunnelInit) {
    this.id = init.id;
    this.route = init.route;
    this.#init = init;
    this.#openedMs = init.clock.now();
    this.#lastMovedMs = this.#openedMs;
    let resolveClosed: (summary: SessionSummary) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolve = resolveClosed;
    const { client, backend, extensions, clock, taps, compressed } = init;
    const { timeouts, limits, transfer } = init.route;
    const { closeMs } = timeouts;
    this.#hooks = decidesOnMessages(taps) ? [] : undefined;
    this.#observers = taps.some(({ tap }) => tap.observe !== undefined)
      ? new FrameObservers((fault) => this.#tapFailed(fault))
      : undefined;
    this.#transfer = createTransfer(
      transfer,
      { client, backend, host: this, clock, closeMs, extensions, limits, observers: this.#observers },
      this.#hooks === undefined ? undefined : { hooks: this.#hooks, compressed },
    );
  }

  /**
   * Step 11: bytes move. `early` came from the client before its 101, `rest` from the backend behind its 101; both go
   * first. Call it once, in the turn of the event loop in which the handshake was decided.
   */
  start(early: readonly Buffer[], rest: Buffer): void {
    const { client, backend, sweeper } = this.#init;
    const fromClient = this.#transfer.receiver('client');
    const fromBackend = this.#transfer.receiver('backend');
    client.attach(fromClient);
    backend.attach(fromBackend);
    const { idleMs } = this.route.timeouts;
    if (idleMs > 0) sweeper.add(this, idleMs);
    this.#startTaps();
    if (rest.length > 0) fromBackend.bytes(rest);
    for (const chunk of early) fromClient.bytes(chunk);
    client.resume();
    backend.resume();
    for (const [leg, receiver] of [
      [client, fromClient],
      [backend, fromBackend],
    ] as const) {
      if (leg.isClosed) receiver.closed(undefined);
      else if (leg.hasEnded) receiver.ended();
    }
  }

  /** Lets the taps make what they have for this session, before the first byte. */
  #startTaps(): void {
    const { taps, exchange } = this.#init;
    if (taps.length === 0) return;
    const session = tappedSession(exchange, this.#transfer);
    for (const { name, tap } of taps) {
      try {
        const observer = tap.observe?.(session);
        if (observer !== undefined) this.#observers?.add(name, observer);
        const hook = tap.message?.(session);
        if (hook !== undefined) this.#hooks?.push({ tap: name, hook });
      } catch (cause) {
        this.#tapFailed(tapFault(name, cause));
      }
    }
  }

  #tapFailed(fault: Fault): void {
    this.#transfer.leave('hook', undefined, fault);
  }

  drain(closeCode: number, reason: string): void {
    if (this.#end === undefined) this.#transfer.leave('drain', { code: closeCode, reason });
  }

  destroy(): void {
    this.ends('cut');
    this.#init.client.destroy();
    this.#init.backend.destroy();
  }

  sweep(nowMs: number): void {
    const { client, backend } = this.#init;
    const bytes = client.bytesReceived + backend.bytesReceived;
    if (bytes !== this.#bytesSeen) {
      this.#bytesSeen = bytes;
      this.#lastMovedMs = nowMs;
    }
    const { idleMs } = this.route.timeouts;
    if (idleMs > 0 && this.#end === undefined && nowMs - this.#lastMovedMs >= idleMs) this.#transfer.leave('idle');
    this.#transfer.sweep(nowMs);
  }

  ends(event: EndEvent, status?: CloseStatus, fault?: Fault): void {
    // Step 12: the first end decides the summary.
    if (this.#end !== undefined) return;
    this.#end = { event, status, fault };
    const { closeMs } = this.route.timeouts;
    this.#init.sweeper.add(this, closeMs > 0 ? Math.min(closeMs, HANG_UP_MS) : HANG_UP_MS);
  }

  closeTimedOut(): void {
    this.#hasTimedOut = true;
  }

  legClosed(): void {
    const { client, backend, sweeper } = this.#init;
    if (!client.isClosed || !backend.isClosed || this.#isSettled) return;
    this.#isSettled = true;
    sweeper.remove(this);
    this.#resolve(this.#summary());
  }

  /** Which rule, limit or tap ended the session, where its code does not say all: for the log. */
  get fault(): Fault | undefined {
    return this.#end?.fault;
  }

  #summary(): SessionSummary {
    const { event, status } = this.#end ?? { event: 'cut', status: undefined };
    const rule = closeRule(event);
    const timeout: ErrorCode | undefined = this.#hasTimedOut ? 'OCELOT_ERR_CLOSE_TIMEOUT' : undefined;
    return {
      exchangeId: this.id,
      routeId: this.route.id,
      endpoint: this.#init.endpoint,
      closedBy: rule.closedBy,
      closeCode: status?.code,
      closeReason: status?.reason ?? '',
      errorCode: rule.errorCode ?? timeout,
      durationMs: this.#init.clock.now() - this.#openedMs,
      fromClient: this.#transfer.fromClient,
      fromBackend: this.#transfer.fromBackend,
    };
  }
}
