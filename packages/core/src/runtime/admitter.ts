// Hot path: once per request. No string building, no log child and no outgoing head before they are needed.
import type { Clock } from '../contracts/clock.js';
import type { Admission, Cancellation } from '../contracts/exchange.js';
import type { Logger } from '../contracts/logger.js';
import type { GatewayRequest } from '../contracts/request.js';
import { GatewayError, isGatewayError } from '../errors/gateway-error.js';
import { applyClientCertificate } from '../pipeline/client-certificate.js';
import { LiveExchange } from '../pipeline/exchange.js';
import { applyForwardedHeaders } from '../pipeline/forwarded-headers.js';
import { createOutgoingHead } from '../pipeline/outgoing-head.js';
import { reasonOf, runStages, unlessAborted } from '../pipeline/run-stages.js';
import type { BoundMatch } from './bound-route.js';
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
      const refusal = withIds(error, id, exchange.route.id);
      exchange.finish({ outcome: 'refused', error: refusal });
      throw refusal;
    }
  }

  #match(snapshot: Snapshot, request: GatewayRequest, id: string): BoundMatch {
    const found = snapshot.match(request);
    if (found !== undefined) return found;
    throw new GatewayError('OCELOT_ERR_ROUTE_NOT_FOUND', { details: { exchangeId: id } });
  }

  #exchangeOf<R extends GatewayRequest>(
    snapshot: Snapshot,
    request: R,
    signal: Cancellation,
    id: string,
    { value: { route, rewrite, hold, taps, answers }, params }: BoundMatch,
  ): LiveExchange<R> {
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
      leaseFrom: (tried) => hold.pool.lease(request, tried, client.address),
      answers,
    });
  }

  /** A service that was asked for a moment ago has no set yet: its first one is worth a short wait. */
  async #awaitFirstEndpoints(
    { value: { hold } }: BoundMatch,
    exchange: LiveExchange<GatewayRequest>,
    signal: Cancellation,
  ): Promise<void> {
    const { watch } = hold;
    if (watch !== undefined && !watch.isKnown && watch.failure === undefined) {
      await unlessAborted(this.#within(watch.settled), signal);
      if (exchange.takeLease() !== undefined) return;
    }
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

/** The error a relay gets: ours as it is, anything else as STAGE_FAILED; with the ids that its log line needs. */
function withIds(error: unknown, exchangeId: string, routeId: string): GatewayError {
  const known = isGatewayError(error) ? error : new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: error });
  return new GatewayError(known.code, {
    status: known.status,
    source: known.source,
    message: known.message,
    headers: known.headers,
    ...(known.closeCode === undefined ? {} : { closeCode: known.closeCode }),
    ...(known.cause === undefined ? {} : { cause: known.cause }),
    details: { ...known.details, exchangeId, routeId },
  });
}
