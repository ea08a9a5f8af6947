// Hot path: once per request. No string building, no log child and no outgoing head before they are needed.
import type { Clock } from '../contracts/clock.js';
import type { Endpoint, Lease } from '../contracts/endpoint.js';
import type { Admission, Cancellation } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import { GatewayError, isGatewayError } from '../errors/gateway-error.js';
import { copyError } from '../errors/copy-error.js';
import { applyClientCertificate } from '../pipeline/client-certificate.js';
import { LiveExchange } from '../pipeline/exchange.js';
import type { LeaseSource } from '../pipeline/exchange-init.js';
import { applyForwardedHeaders } from '../pipeline/forwarded-headers.js';
import { TRACE_ID } from '../pipeline/known-slots.js';
import { createOutgoingHead } from '../pipeline/outgoing-head.js';
import { requestIdOf } from '../pipeline/request-id.js';
import { reasonOf, runStages, unlessAborted } from '../pipeline/run-stages.js';
import type { BoundMatch, BoundRoute } from './bound-route.js';
import type { Snapshot } from './snapshot.js';

/** Longest wait for the first set of a service that nobody asked for before (dynamic routing). */
const FIRST_ENDPOINTS_MS = 2000;

/** Takes requests through match, stages and lease (steps 3 to 6 of the life of an upgrade). */
export class Admitter {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #prefix: string;
  #count = 0;

  constructor(log: Logger, clock: Clock, random: () => number) {
    this.#log = log;
    this.#clock = clock;
    this.#prefix = Math.floor(random() * 36 ** 6)
      .toString(36)
      .padStart(6, '0');
  }

  /** An id that is unique in this process and unlikely to meet another process's. */
  nextId(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count.toString(36)}`;
  }

  /** @throws GatewayError with `exchangeId` and, once matched, `routeId` in its details. */
  async admit<R extends GatewayRequest>(snapshot: Snapshot, request: R, signal: Cancellation): Promise<Admission<R>> {
    const id = this.nextId();
    const found = this.#match(snapshot, request, id);
    const exchange = this.#exchangeOf(snapshot, request, signal, id, found);
    try {
      const pending = runStages(found.value.stages, exchange);
      if (pending !== undefined) await unlessAborted(pending, signal);
      if (signal.aborted) throw reasonOf(signal);
      exchange.freezeOutgoing();
      if (exchange.takeLease() === undefined) await this.#awaitFirstEndpoints(found, exchange, signal);
      return exchange;
    } catch (error) {
      const refusal = exchange.refusal(withIds(error, idsOf(exchange)));
      exchange.finish({ outcome: 'refused', error: refusal });
      throw refusal;
    }
  }

  /**
   * What a request is refused with that matched no route, or was not even looked at.
   * @param snapshot Names the header of the request id; undefined: there is no configuration yet.
   */
  refusal(
    error: unknown,
    request: GatewayRequest,
    snapshot: Snapshot | undefined,
    id: string = this.nextId(),
  ): GatewayError {
    const key = snapshot?.requestIdKey;
    if (key === undefined) return withIds(error, { exchangeId: id });
    const requestId = requestIdOf(request, key, id);
    const refusal = withIds(error, { exchangeId: id, requestId });
    return copyError(refusal, { headers: { ...refusal.headers, [key]: requestId } });
  }

  #match(snapshot: Snapshot, request: GatewayRequest, id: string): BoundMatch {
    let found: BoundMatch | undefined;
    try {
      found = snapshot.match(request);
    } catch (error) {
      throw this.refusal(error, request, snapshot, id);
    }
    if (found !== undefined) return found;
    throw this.refusal(new GatewayError('OCELOT_ERR_ROUTE_NOT_FOUND'), request, snapshot, id);
  }

  #exchangeOf<R extends GatewayRequest>(
    snapshot: Snapshot,
    request: R,
    signal: Cancellation,
    id: string,
    { value: bound, params }: BoundMatch,
  ): LiveExchange<R> {
    const { route, rewrite, taps, answers, attempts } = bound;
    const client = snapshot.clientOf(request);
    return new LiveExchange({
      id,
      request,
      route,
      params,
      taps,
      clientAddress: client.address,
      log: this.#log,
      cancellation: signal,
      makeOutgoing: () => {
        const head = createOutgoingHead(request, rewrite(request, params));
        applyForwardedHeaders(route.forwardedHeaders, head.headers, request, client);
        applyClientCertificate(head.headers, request, client);
        return head;
      },
      rewrite,
      leases: new BoundLeases(bound, request, client.address),
      answers,
      attempts,
    });
  }

  /** A service that was asked for a moment ago has no set yet: its first one is worth a short wait. */
  async #awaitFirstEndpoints(
    { value: { hold, attempts } }: BoundMatch,
    exchange: LiveExchange<GatewayRequest>,
    signal: Cancellation,
  ): Promise<void> {
    const { watch } = hold;
    if (watch !== undefined && !watch.isKnown && watch.failure === undefined) {
      await unlessAborted(this.#within(watch.settled), signal);
      if (exchange.takeLease() !== undefined) return;
    }
    const { candidates } = hold.pool;
    if (candidates.length > 0 && attempts?.guards !== undefined) throw attempts.guards.refusal(candidates, exchange);
    throw new GatewayError('OCELOT_ERR_NO_ENDPOINT', { details: { service: watch?.service.name } });
  }

  #within(settled: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#clock.setTimer(FIRST_ENDPOINTS_MS, resolve);
      void settled.then(() => {
        late.clear();
        resolve();
      });
    });
  }
}

/** Leases of one request: of the route's pool, through its guards. */
class BoundLeases implements LeaseSource {
  readonly #bound: BoundRoute;
  readonly #request: GatewayRequest;
  readonly #clientAddress: string;

  constructor(bound: BoundRoute, request: GatewayRequest, clientAddress: string) {
    this.#bound = bound;
    this.#request = request;
    this.#clientAddress = clientAddress;
  }

  lease(tried: readonly Endpoint[]): Lease | undefined {
    const { hold, filter } = this.#bound;
    return hold.pool.lease(this.#request, tried, this.#clientAddress, filter);
  }

  hasOther(tried: readonly Endpoint[]): boolean {
    const { hold, filter } = this.#bound;
    return hold.pool.hasOther(tried, filter);
  }
}

/** What the log line of a refusal carries, as the lines of {@link Exchange.log} do. */
function idsOf(exchange: LiveExchange<GatewayRequest>): Readonly<Record<string, string>> {
  const { id, route } = exchange;
  const traceId = exchange.get(TRACE_ID);
  return {
    exchangeId: id,
    routeId: route.id,
    ...(route.options.requestIdKey !== undefined && { requestId: exchange.requestId }),
    ...(traceId !== undefined && { traceId }),
  };
}

/** The error a relay gets: ours as it is, anything else as STAGE_FAILED; with the ids that its log line needs. */
function withIds(error: unknown, ids: Readonly<Record<string, string>>): GatewayError {
  const known = isGatewayError(error) ? error : new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: error });
  return copyError(known, { details: { ...known.details, ...ids } });
}
