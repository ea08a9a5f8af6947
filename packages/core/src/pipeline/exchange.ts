import type { Endpoint, Lease } from '../contracts/endpoint.js';
import type { BoundTap } from '../contracts/frames.js';
import type { Admission, AnswerEdit, AnswerHead, Cancellation, ExchangeEnd, Slot } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import type { GatewayError } from '../errors/gateway-error.js';
import { createAnswerHeaders, type FreezableOutgoingHead } from './outgoing-head.js';

/** Takes the next lease of an exchange; `tried` are the endpoints that failed already. */
export type LeaseSource = (tried: readonly Lease['endpoint'][]) => Lease | undefined;

/** What an exchange is made of. */
export interface ExchangeInit<R extends GatewayRequest> {
  readonly id: string;
  readonly request: R;
  readonly route: Route;
  readonly params: Params;
  readonly taps: readonly BoundTap[];
  readonly clientAddress: string;
  readonly log: Logger;
  readonly cancellation: Cancellation;
  /** Called once, at the first use of `outgoing`. */
  readonly makeOutgoing: () => FreezableOutgoingHead;
  readonly leaseFrom: LeaseSource;
  readonly answers: AnswerRules;
}

/** What a route itself does to the headers of answers; all undefined for most. */
export interface AnswerRules {
  /** Of the balancing policy: runs before the edits of stages. */
  readonly mark: ((endpoint: Endpoint, request: GatewayRequest, headers: AnswerHead['headers']) => void) | undefined;
  /** `DownstreamHeaderTransform`: runs last. */
  readonly transform: ((answer: AnswerHead, exchange: Admission) => void) | undefined;
}

/**
 * One request from its match to its end. Stages see it as Exchange, relays as Admission; owned by whoever called
 * `Gateway.admit`, who must call `finish`. It lives as long as its session, ten thousands of which may be idle: what
 * only the handshake needs is let go by `opened`.
 */
export class LiveExchange<R extends GatewayRequest> implements Admission<R> {
  readonly id: string;
  readonly request: R;
  readonly route: Route;
  readonly params: Params;
  readonly taps: readonly BoundTap[];
  readonly clientAddress: string;
  /** The gateway's; replaced by one with this exchange's fields at first use: most requests never log before their end. */
  #log: Logger;
  #hasOwnLog = false;
  #cancellation: Cancellation;
  #signal: AbortSignal | undefined;
  #makeOutgoing: (() => FreezableOutgoingHead) | undefined;
  #leaseFrom: LeaseSource | undefined;
  #outgoing: FreezableOutgoingHead | undefined;
  #answers: AnswerRules | undefined;
  #answerEdits: AnswerEdit[] | undefined;
  #slots: Map<Slot<unknown>, unknown> | undefined;
  #deferred: ((end: ExchangeEnd) => void)[] | undefined;
  #lease: Lease | undefined;
  #tried: Lease['endpoint'][] | undefined;
  #isFinished = false;

  constructor(init: ExchangeInit<R>) {
    this.id = init.id;
    this.request = init.request;
    this.route = init.route;
    this.params = init.params;
    this.taps = init.taps;
    this.clientAddress = init.clientAddress;
    this.#log = init.log;
    this.#cancellation = init.cancellation;
    this.#makeOutgoing = init.makeOutgoing;
    this.#leaseFrom = init.leaseFrom;
    this.#answers = init.answers;
  }

  get log(): Logger {
    if (!this.#hasOwnLog) {
      this.#log = this.#log.child({ exchange: this.id, route: this.route.id });
      this.#hasOwnLog = true;
    }
    return this.#log;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#cancellation);
    return this.#signal;
  }

  get outgoing(): FreezableOutgoingHead {
    this.#outgoing ??= this.#makeOutgoing?.();
    if (this.#outgoing === undefined) throw new Error('the head for the backend is gone once the session is open');
    return this.#outgoing;
  }

  get lease(): Lease {
    if (this.#lease === undefined) throw new Error('an exchange has a lease only after it was admitted');
    return this.#lease;
  }

  get<T>(slot: Slot<T>): T | undefined {
    return this.#slots?.get(slot) as T | undefined;
  }

  set<T>(slot: Slot<T>, value: T): void {
    this.#slots ??= new Map();
    this.#slots.set(slot, value);
  }

  defer(callback: (end: ExchangeEnd) => void): void {
    this.#deferred ??= [];
    this.#deferred.push(callback);
  }

  onAnswer(edit: AnswerEdit): void {
    this.#answerEdits ??= [];
    this.#answerEdits.push(edit);
  }

  answerHeaders(status: number, rawHeaders: readonly string[]): readonly string[] {
    const { mark, transform } = this.#answers ?? {};
    const edits = this.#answerEdits ?? [];
    if (mark === undefined && transform === undefined && edits.length === 0) return rawHeaders;
    let raw = rawHeaders;
    if (mark !== undefined) {
      raw = this.#edited(status, raw, ({ headers }) => mark(this.lease.endpoint, this.request, headers));
    }
    for (const edit of edits) raw = this.#edited(status, raw, edit);
    return transform === undefined ? raw : this.#edited(status, raw, (answer) => transform(answer, this));
  }

  /** An answer that cannot be changed is still an answer: the fault is told, and nothing of the edit is left. */
  #edited(status: number, raw: readonly string[], edit: AnswerEdit): readonly string[] {
    const headers = createAnswerHeaders(raw);
    try {
      edit({ status, headers });
      return headers.raw;
    } catch (error) {
      this.log.error({ err: error }, 'the headers of an answer could not be changed');
      return raw;
    }
  }

  /** Ends the transform phase. */
  freezeOutgoing(): void {
    this.outgoing.freeze();
  }

  /** Takes the first lease. @returns undefined when the route has no endpoint. */
  takeLease(): Lease | undefined {
    this.#lease = this.#leaseFrom?.(this.#tried ?? []);
    return this.#lease;
  }

  nextLease(cause: GatewayError): Lease | undefined {
    const failed = this.#lease;
    if (failed === undefined || this.#isFinished) return undefined;
    this.#tried ??= [];
    this.#tried.push(failed.endpoint);
    if (this.#tried.length > this.route.retryAttempts) return undefined;
    const next = this.#leaseFrom?.(this.#tried);
    if (next === undefined) return undefined;
    failed.release();
    this.#lease = next;
    const { host, port } = failed.endpoint;
    this.log.warn(
      {
        endpoint: `${host}:${port}`,
        code: cause.code,
        cause: cause.cause instanceof Error ? cause.cause.message : cause.message,
      },
      'trying another endpoint',
    );
    return next;
  }

  opened(): void {
    this.#cancellation = OPEN;
    this.#makeOutgoing = undefined;
    this.#leaseFrom = undefined;
    this.#outgoing = undefined;
    this.#tried = undefined;
    this.#answers = undefined;
    this.#answerEdits = undefined;
  }

  finish(end: ExchangeEnd): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    for (const callback of this.#deferred?.toReversed() ?? []) {
      try {
        callback(end);
      } catch (error) {
        this.log.error({ err: error }, 'a deferred callback failed');
      }
    }
    this.#deferred = undefined;
    this.#lease?.release();
  }
}

/** Of an open session: nothing can be given up any more. */
const OPEN: Cancellation = {
  aborted: false,
  reason: undefined,
  addEventListener() {},
  removeEventListener() {},
};

function signalOf(cancellation: Cancellation): AbortSignal {
  if (cancellation instanceof AbortSignal) return cancellation;
  const controller = new AbortController();
  const abort = (): void => controller.abort(cancellation.reason);
  if (cancellation.aborted) abort();
  else cancellation.addEventListener('abort', abort, { once: true });
  return controller.signal;
}
