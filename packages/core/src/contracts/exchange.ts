import type { GatewayError } from '../errors/gateway-error.js';
import type { Lease } from './endpoint.js';
import type { BoundTap } from './frames.js';
import type { Logger } from './logger.js';
import type { GatewayRequest } from './request.js';
import type { Params, Route } from './route.js';
import type { Session } from './session.js';

/** A typed place on an exchange, private to whoever holds the slot. Made by {@link createSlot}. */
export interface Slot<T> {
  readonly name: string;
  /** Carries the type only; never set. */
  readonly type?: T;
}

/**
 * Says that a request is given up. An AbortSignal fits; a relay may pass something lighter, since a signal costs as much
 * as the whole matching of a route.
 */
export interface Cancellation {
  readonly aborted: boolean;
  /** Why, once aborted. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How an exchange ended: what deferred callbacks are told. */
export interface ExchangeEnd {
  /** `completed`: a session ran and ended, or an answer was delivered. `refused`: an error was answered. */
  readonly outcome: 'completed' | 'refused';
  /** Set when refused. */
  readonly error?: GatewayError;
}

/**
 * One request on its way through the pipeline: what stages see.
 *
 * Lives from the match of a route to the end of the session (or of the refusal).
 */
export interface Exchange<R extends GatewayRequest = GatewayRequest> {
  /** Unique in this process; on every log line and in every refusal. */
  readonly id: string;
  /**
   * What the request is called beyond this gateway (`RequestIdKey`): the client's header of that name when it holds a
   * fit value, else `id`. Forwarded and answered under that name; `id` where no key is configured.
   */
  readonly requestId: string;
  readonly request: R;
  readonly route: Route;
  readonly params: Params;
  /**
   * The client's IP address: the TCP peer, or, when that peer is in `TrustedProxies`, the nearest untrusted address of
   * `X-Forwarded-For`/`Forwarded`. IPv4-mapped IPv6 is shown as IPv4. Empty when unknown.
   */
  readonly clientAddress: string;
  /** Its lines carry `exchange` and `route`, `requestId` under `RequestIdKey`, and `traceId` once tracing has set it. */
  readonly log: Logger;
  /** Aborts when the client left or the handshake's time is up. Made at its first use: keep it. */
  readonly signal: AbortSignal;
  /** Path, query and headers for the backend; frozen after the `transform` phase, gone once the session is open. */
  readonly outgoing: OutgoingHead;
  get<T>(slot: Slot<T>): T | undefined;
  set<T>(slot: Slot<T>, value: T): void;
  /**
   * Lets a stage change the headers of whatever is answered: of an HTTP response, of a 101, of a relayed refusal, of a
   * refusal of the gateway's own. Runs in the order of registration, behind the request id and before the route's own
   * header transforms; what `edit` throws is logged and changes nothing.
   */
  onAnswer(edit: AnswerEdit): void;
  /**
   * Makes path and query of {@link Exchange.outgoing} anew from the route's template, with these values in place of
   * the request's, by placeholder name without braces. Other changes of path and query are lost: call it first.
   * @param values Percent-encoded, as {@link Exchange.params} are.
   * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID when the result is no valid target.
   */
  rewrite(values: Params): void;
  /**
   * Runs `callback` once the WebSocket stands, before any of its bytes; never for requests that end before. What it
   * throws ends the session (STAGE_FAILED).
   */
  onOpen(callback: (session: Session) => void): void;
  /** Runs `callback` at the end of the exchange: last in first out, each exactly once. */
  defer(callback: (end: ExchangeEnd) => void): void;
}

/** The head of a backend's answer on its way to the client: what {@link Exchange.onAnswer} may change. */
export interface AnswerHead {
  readonly status: number;
  /** End-to-end headers of the backend, of a refusal those it brings; of a 101 without those of the handshake itself. */
  readonly headers: OutgoingHeaders;
}

/** Changes the headers of an answer; must not keep `answer`. */
export type AnswerEdit = (answer: AnswerHead) => void;

/**
 * The request head for the backend.
 *
 * Starts with the rewritten target and the client's headers minus hop-by-hop ones and everything the client's
 * `Connection` names (RFC 9110 §7.6.1); what is set here is added after those removals, so a client cannot strip it.
 */
export interface OutgoingHead {
  /**
   * Begins with `/`.
   * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID when set to a text with a control character or space.
   */
  path: string;
  /** With its leading `?`, or empty. */
  query: string;
  readonly headers: OutgoingHeaders;
}

/** Headers for the backend, or of an answer. Names are compared without case; every setter refuses CR, LF and NUL. */
export interface OutgoingHeaders {
  get(name: string): string | undefined;
  /** Replaces every header of the name; for the backend also its `_` alias (`a_b` for `a-b`). */
  set(name: string, value: string): void;
  /** Adds one more line of the name. */
  append(name: string, value: string): void;
  delete(name: string): void;
  /** Name, value, name, value, … in the order of sending. */
  readonly raw: readonly string[];
}

/**
 * What a relay gets: an exchange that was admitted, with an endpoint leased. Stages cannot lease or finish.
 *
 * The relay must call `finish` exactly once for each admission, whatever happens (further calls do nothing).
 */
export interface Admission<R extends GatewayRequest = GatewayRequest> extends Exchange<R> {
  /** The lease in force: the first one, or what the last `nextLease` gave. */
  readonly lease: Lease;
  /** The taps of the route, in the order of registration; empty for most. */
  readonly taps: readonly BoundTap[];
  /**
   * Fails over: releases the current lease and takes one of another endpoint. Only before anything reached the client.
   * The attempt at the current one has failed then; where there is no other endpoint it goes on.
   * @returns undefined when the route's attempts or its endpoints are used up: answer with `cause` then.
   */
  nextLease(cause: GatewayError): Lease | undefined;
  /**
   * The headers of the backend's answer as the client is to get them: the balancing policy's mark, what stages
   * registered with {@link Exchange.onAnswer}, then `DownstreamHeaderTransform`. Call it once, for the final answer
   * (no 1xx but 101), before {@link Admission.opened}.
   * @param rawHeaders End-to-end headers, name, value, …; given back as they are when nothing changes them.
   */
  answerHeaders(status: number, rawHeaders: readonly string[]): readonly string[];
  /**
   * The answer that a refusal becomes: `error` with the headers that stages ({@link Exchange.onAnswer}), the request id
   * and `DownstreamHeaderTransform` give it. What `Gateway.admit` throws has them already; for relays that refuse after
   * it. Headers that the refusal needs itself stay as they are.
   */
  refusal(error: GatewayError): GatewayError;
  /**
   * The connection to the backend stands: gives back what only the way there needed. `outgoing` and `nextLease` are over
   * from here on. Idempotent, and optional.
   * @param session What stands, for those who asked with {@link Exchange.onOpen}; they are called at once.
   */
  opened(session?: Session): void;
  /** Runs the deferred callbacks and releases the lease. Idempotent. */
  finish(end: ExchangeEnd): void;
}
