import type { Endpoint, Lease } from '../contracts/endpoint.js';
import type { AnswerHead, Cancellation, Exchange } from '../contracts/exchange.js';
import type { BoundTap } from '../contracts/frames.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import type { Rewrite } from '../routing/rewrite.js';
import type { AttemptRules } from './attempt.js';
import type { FreezableOutgoingHead } from './outgoing-head.js';

/** Where an exchange takes its leases. */
export interface LeaseSource {
  /** @param tried Endpoints that failed already. @returns undefined when none is left, or none may be used now. */
  lease(tried: readonly Endpoint[]): Lease | undefined;
  /** Whether any endpoint is left that may be used now: where none is, guards are not asked for a retry. */
  hasOther(tried: readonly Endpoint[]): boolean;
}

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
  /** {@link Exchange.rewrite}. */
  readonly rewrite: Rewrite;
  readonly leases: LeaseSource;
  readonly answers: AnswerRules;
  /** Undefined where nobody watches. */
  readonly attempts: AttemptRules | undefined;
}

/** What a route itself does to the headers of answers; all undefined for most. */
export interface AnswerRules {
  /** Of the balancing policy: runs before the edits of stages. */
  readonly mark: ((endpoint: Endpoint, request: GatewayRequest, headers: AnswerHead['headers']) => void) | undefined;
  /** `DownstreamHeaderTransform`: runs last. `endpoint` is undefined for refusals of the gateway itself. */
  readonly transform: ((answer: AnswerHead, exchange: Exchange, endpoint: Endpoint | undefined) => void) | undefined;
}
