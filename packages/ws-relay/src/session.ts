import type {
  BoundTap,
  Clock,
  Endpoint,
  ErrorCode,
  Exchange,
  GatewayError,
  Route,
  Session,
  SessionSummary,
  TransferCount,
} from '@ocelot/core';

import { closeRule, type EndEvent } from './close-table.js';
import { closeStatusOf } from './close-status.js';
import type { CloseStatus } from './frames/close-codes.js';
import { type Activity, sessionWatch, type SessionWatch } from './session-watch.js';
import { tappedSession } from './tapped-session.js';
import type { Timed, TimerWheel } from './timer-wheel.js';
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
  readonly wheel: TimerWheel;
  /** From 0 to 1, for what must not happen to all sessions at once. */
  readonly random: () => number;
}

/** Looks within the shortest limit of a closing session. */
const CLOSING_LOOKS = 4;

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
export class Tunnel implements Session, TransferHost, Timed {
  readonly id: string;
  readonly route: Route;
  readonly closed: Promise<SessionSummary>;
  dueMs: number = Infinity;
  place = 0;
  readonly #init: TunnelInit;
  readonly #transfer: Transfer;
  readonly #openedMs: number;
  readonly #resolve: (summary: SessionSummary) => void;
  readonly #observers: FrameObservers | undefined;
  readonly #hooks: NamedHook[] | undefined;
  #end: End | undefined;
  #hasTimedOut = false;
  #isSettled = false;
  /** Undefined: the route sets no limit of time. */
  readonly #watch: SessionWatch | undefined;

  constructor(init: TunnelInit) {
    this.id = init.id;
    this.route = init.route;
    this.#init = init;
    this.#openedMs = init.clock.now();
    this.#watch = sessionWatch(init.route, this.#openedMs, init.random);
    let resolveClosed: (summary: SessionSummary) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolve = resolveClosed;
    const { client, backend, extensions, clock, taps, compressed } = init;
    const { timeouts, limits, ping, transfer } = init.route;
    const { closeMs } = timeouts;
    this.#hooks = decidesOnMessages(taps) ? [] : undefined;
    this.#observers = taps.some(({ tap }) => tap.observe !== undefined)
      ? new FrameObservers((fault) => this.#tapFailed(fault))
      : undefined;
    this.#transfer = createTransfer(
      transfer,
      { client, backend, host: this, clock, closeMs, extensions, limits, ping, observers: this.#observers },
      this.#hooks === undefined ? undefined : { hooks: this.#hooks, compressed },
    );
  }

  /**
   * Step 11: bytes move. `early` came from the client before its 101, `rest` from the backend behind its 101; both go
   * first. Call it once, in the turn of the event loop in which the handshake was decided.
   */
  start(early: readonly Buffer[], rest: Buffer): void {
    const { client, backend, clock, wheel } = this.#init;
    const fromClient = this.#transfer.receiver('client');
    const fromBackend = this.#transfer.receiver('backend');
    client.attach(fromClient);
    backend.attach(fromBackend);
    const lookMs = this.sweep(clock.now());
    if (lookMs < Infinity) wheel.set(this, lookMs);
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
    const session = tappedSession(exchange, this.#transfer, (error) => this.close(error));
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

  get fromClient(): TransferCount {
    return this.#transfer.fromClient;
  }
  get fromBackend(): TransferCount {
    return this.#transfer.fromBackend;
  }

  close(error: GatewayError): void {
    if (this.#end !== undefined) return;
    this.#transfer.leave('error', closeStatusOf(error), { what: error.message, cause: error.cause, error });
  }

  drain(closeCode: number, reason: string): void {
    if (this.#end === undefined) this.#transfer.leave('drain', { code: closeCode, reason });
  }

  destroy(): void {
    this.ends('cut');
    this.#init.client.destroy();
    this.#init.backend.destroy();
  }

  sweep(nowMs: number): number {
    if (this.#isSettled) return Infinity;
    const watch = this.#end === undefined ? this.#watch : undefined;
    const over = watch?.look(nowMs, this.#activity());
    if (over !== undefined) this.#transfer.leave(over.event, undefined, over.fault);
    const lookMs = this.#transfer.sweep(nowMs);
    if (this.#end !== undefined) return nowMs + this.#closingLookMs;
    return Math.min(lookMs, watch?.nextMs(nowMs) ?? Infinity);
  }

  #activity(): Activity {
    const { client, backend } = this.#init;
    const { fromClient, fromBackend, isMidMessage } = this.#transfer;
    return {
      bytes: client.bytesReceived + backend.bytesReceived,
      messages: fromClient.messages + fromBackend.messages,
      isMidMessage,
      isBlocked: client.isBlocked || backend.isBlocked,
    };
  }

  /** How often a session is looked at while it closes, in milliseconds. */
  get #closingLookMs(): number {
    const { closeMs } = this.route.timeouts;
    return (closeMs > 0 ? Math.min(closeMs, HANG_UP_MS) : HANG_UP_MS) / CLOSING_LOOKS;
  }

  ends(event: EndEvent, status?: CloseStatus, fault?: Fault): void {
    // Step 12: the first end decides the summary.
    if (this.#end !== undefined) return;
    this.#end = { event, status, fault };
    const { clock, wheel } = this.#init;
    wheel.set(this, clock.now() + this.#closingLookMs);
  }

  closeTimedOut(): void {
    this.#hasTimedOut = true;
  }

  legClosed(): void {
    const { client, backend, wheel } = this.#init;
    if (!client.isClosed || !backend.isClosed || this.#isSettled) return;
    this.#isSettled = true;
    wheel.clear(this);
    this.#resolve(this.#summary());
  }

  /** Which rule, limit or tap ended the session, where its code does not say all: for the log. */
  get fault(): Fault | undefined {
    return this.#end?.fault;
  }

  #summary(): SessionSummary {
    const { event, status, fault } = this.#end ?? { event: 'cut', status: undefined, fault: undefined };
    const rule = closeRule(event);
    const named = rule.errorCode === 'given' ? fault?.error?.code : rule.errorCode;
    const timeout: ErrorCode | undefined = this.#hasTimedOut ? 'OCELOT_ERR_CLOSE_TIMEOUT' : undefined;
    return {
      exchangeId: this.id,
      routeId: this.route.id,
      endpoint: this.#init.endpoint,
      closedBy: rule.closedBy,
      closeCode: status?.code,
      closeReason: status?.reason ?? '',
      errorCode: named ?? timeout,
      durationMs: this.#init.clock.now() - this.#openedMs,
      fromClient: this.#transfer.fromClient,
      fromBackend: this.#transfer.fromBackend,
    };
  }
}
