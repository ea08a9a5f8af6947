import type { Endpoint, Lease } from '../contracts/endpoint.js';
import type { BoundTap } from '../contracts/frames.js';
import type { Admission, AnswerEdit, Cancellation, ExchangeEnd, Slot } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import type { Session } from '../contracts/session.js';
import type { AttemptOutcome } from '../contracts/telemetry.js';
import { GatewayError } from '../errors/gateway-error.js';
import { Attempt, outcomeOf } from './attempt.js';
import { OPEN, signalOf } from './cancellation.js';
import type { ExchangeInit } from './exchange-init.js';
import { TRACE_ID } from './known-slots.js';
import { createAnswerHeaders, type FreezableOutgoingHead } from './outgoing-head.js';
import { refusalLines, withRefusalLines } from './refusal-headers.js';
import { requestIdOf } from './request-id.js';

const GONE = 'the head for the backend is gone once the session is open';
/** No endpoint failed yet. */
const NONE: readonly Endpoint[] = [];

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
  /** What only the way to the backend needs; gone once the session is open. */
  #init: ExchangeInit<R> | undefined;
  #outgoing: FreezableOutgoingHead | undefined;
  #requestId: string | undefined;
  #answerEdits: AnswerEdit[] | undefined;
  #openers: ((session: Session) => void)[] | undefined;
  #slots: Map<Slot<unknown>, unknown> | undefined;
  #deferred: ((end: ExchangeEnd) => void)[] | undefined;
  #lease: Lease | undefined;
  #attempt: Attempt | undefined;
  #tried: Endpoint[] | undefined;
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
    this.#init = init;
  }

  get log(): Logger {
    if (!this.#hasOwnLog) {
      const traceId = this.get(TRACE_ID);
      this.#log = this.#log.child({
        exchange: this.id,
        route: this.route.id,
        ...(this.#requestIdKey !== undefined && { requestId: this.requestId }),
        ...(traceId !== undefined && { traceId }),
      });
      this.#hasOwnLog = true;
    }
    return this.#log;
  }

  get requestId(): string {
    this.#requestId ??= requestIdOf(this.request, this.#requestIdKey, this.id);
    return this.#requestId;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#cancellation);
    return this.#signal;
  }

  get outgoing(): FreezableOutgoingHead {
    this.#outgoing ??= this.#newOutgoing();
    return this.#outgoing;
  }

  get #requestIdKey(): string | undefined {
    return this.route.options.requestIdKey;
  }

  #newOutgoing(): FreezableOutgoingHead {
    if (this.#init === undefined) throw new Error(GONE);
    const head = this.#init.makeOutgoing();
    const key = this.#requestIdKey;
    if (key !== undefined) head.headers.set(key, this.requestId);
    return head;
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

  rewrite(values: Params): void {
    const { outgoing } = this;
    const target = this.#init?.rewrite(this.request, { ...this.params, ...values });
    if (target === undefined) throw new Error(GONE);
    outgoing.path = target.path;
    outgoing.query = target.query;
  }

  onOpen(callback: (session: Session) => void): void {
    if (this.#init === undefined) throw new Error('the session is open already');
    this.#openers ??= [];
    this.#openers.push(callback);
  }

  answerHeaders(status: number, rawHeaders: readonly string[]): readonly string[] {
    this.#endAttempt('answered', status, undefined);
    const mark = this.#init?.answers.mark;
    const endpoint = this.#lease?.endpoint;
    let raw = rawHeaders;
    if (mark !== undefined && endpoint !== undefined) {
      raw = this.#edited(status, raw, ({ headers }) => mark(endpoint, this.request, headers));
    }
    return this.#passed(status, raw, endpoint);
  }

  refusal(error: GatewayError): GatewayError {
    const own = refusalLines(error);
    const raw = this.#passed(error.status, own, undefined);
    return raw === own ? error : withRefusalLines(error, raw);
  }

  /** The way of every answer: the request id, the edits of stages, the transforms of the route. */
  #passed(status: number, given: readonly string[], endpoint: Endpoint | undefined): readonly string[] {
    const key = this.#requestIdKey;
    const transform = this.#init?.answers.transform;
    let raw = given;
    if (key !== undefined) raw = this.#edited(status, raw, ({ headers }) => headers.set(key, this.requestId));
    for (const edit of this.#answerEdits ?? []) raw = this.#edited(status, raw, edit);
    return transform === undefined ? raw : this.#edited(status, raw, (answer) => transform(answer, this, endpoint));
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

  /** Takes the first lease. @returns undefined when the route has no endpoint, or none that may be used now. */
  takeLease(): Lease | undefined {
    const lease = this.#init?.leases.lease(NONE);
    if (lease !== undefined) this.#take(lease);
    return lease;
  }

  nextLease(cause: GatewayError): Lease | undefined {
    const failed = this.#lease;
    const init = this.#init;
    if (failed === undefined || init === undefined || this.#isFinished) return undefined;
    this.#tried ??= [];
    this.#tried.push(failed.endpoint);
    if (this.#tried.length > this.route.retryAttempts) return undefined;
    const next = this.#another(init, this.#tried, cause);
    if (next === undefined) return undefined;
    failed.release();
    this.#take(next);
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

  /**
   * The attempt that failed ends before the next endpoint is looked for: guards choose with its failure in mind. Where
   * nothing else can be tried it stays: a relay may ask the same endpoint once more, and `finish` ends it otherwise.
   */
  #another({ leases, attempts }: ExchangeInit<R>, tried: readonly Endpoint[], cause: GatewayError): Lease | undefined {
    try {
      if (attempts !== undefined) {
        if (!leases.hasOther(tried) || attempts.guards?.mayRetry(cause, this) === false) return undefined;
        this.#endAttempt('failed', undefined, cause);
      }
      return leases.lease(tried);
    } catch (error) {
      // A relay asks in the middle of handling `cause`: that is what the client is told.
      this.log.error({ err: error }, 'another endpoint could not be chosen');
      return undefined;
    }
  }

  #take(lease: Lease): void {
    this.#lease = lease;
    const attempts = this.#init?.attempts;
    if (attempts !== undefined) this.#attempt = new Attempt(attempts, this, lease.endpoint);
  }

  #endAttempt(outcome: AttemptOutcome, status: number | undefined, error: GatewayError | undefined): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.end(outcome, status, error);
  }

  opened(session?: Session): void {
    this.#endAttempt('answered', 101, undefined);
    const openers = this.#openers;
    this.#cancellation = OPEN;
    this.#init = undefined;
    this.#outgoing = undefined;
    this.#tried = undefined;
    this.#answerEdits = undefined;
    this.#openers = undefined;
    if (session !== undefined) for (const opener of openers ?? []) this.#open(opener, session);
  }

  #open(opener: (session: Session) => void, session: Session): void {
    try {
      opener(session);
    } catch (error) {
      this.log.error({ err: error }, 'a stage failed on the open session');
      session.close(new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: error }));
    }
  }

  finish(end: ExchangeEnd): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#endAttempt(outcomeOf(end.error), undefined, end.error);
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
