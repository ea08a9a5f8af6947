// Hot path: two objects per request; per chunk one count and one write. No promise and no timer per chunk.
import {
  type Admission,
  type Cancellation,
  type Clock,
  type Gateway,
  GatewayError,
  type GatewayRequest,
  isGatewayError,
} from '@ocelot/core';
import { furtherIds, logRefusal } from '@ocelot/relay-kit';

import { answerHead } from './answer-head.js';
import { type AnswerReceiver, Attempts } from './backend/attempts.js';
import type { BackendAnswer } from './backend/call.js';
import type { PoolDirectory } from './backend/pool-directory.js';
import { AnswerWriter } from './client/answer-writer.js';
import { type ClientRequest, type ClientResponse, isHttp2Request } from './client/client-message.js';
import { type BodyFraming, receivedRequest } from './client/received-request.js';
import { refuse } from './client/refuse.js';
import { bodyTooBig } from './client/request-body.js';
import { EventStream, isEventStream } from './event-stream.js';
import { ProgressTimer } from './progress-timer.js';
import { logFinished } from './request-log.js';
import type { Abortable, RequestSet } from './request-set.js';

/** What every request of one listener shares. */
export interface RequestContext {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly pools: PoolDirectory;
  readonly underWay: RequestSet;
}

/**
 * One request from its head to the end of its answer. Never throws: every failure becomes an answer or, when an answer
 * has begun, a cut that nobody takes for its end. Step numbers are those of docs/architecture/life-of-a-request.md.
 */
export class RelayedRequest implements Abortable, Cancellation, AnswerReceiver {
  /** Kept by the set. */
  place = -1;
  readonly #context: RequestContext;
  readonly #request: ClientRequest;
  readonly #response: ClientResponse;
  readonly #startedMs: number;
  readonly #idleTimer: ProgressTimer;
  #answer: AnswerWriter;
  #phase: 'admitting' | 'waiting' | 'answering' | 'ending' | 'over' = 'admitting';
  #received: GatewayRequest | undefined;
  #admission: Admission | undefined;
  #attempts: Attempts | undefined;
  #status = 0;
  #bytes = 0;
  #stream: EventStream | undefined;
  #reason: GatewayError | undefined;
  #aborted: (() => void)[] | undefined;

  constructor(context: RequestContext, request: ClientRequest, response: ClientResponse) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#startedMs = context.clock.now();
    this.#idleTimer = new ProgressTimer(context.clock);
    this.#answer = new AnswerWriter(request, response, true, context.clock);
  }

  /** Fulfilled once the backend is asked, or the request refused; never rejected. The rest goes by events. */
  async run(): Promise<void> {
    // Step 1: errors are heard before anything else happens; the client is watched.
    this.#request.on('error', ignore);
    this.#response.on('error', ignore);
    this.#response.on('close', this.#closed);
    this.#context.underWay.add(this);
    try {
      // Step 2
      const { request, body } = receivedRequest(this.#request);
      this.#received = request;
      this.#answer = new AnswerWriter(this.#request, this.#response, body !== undefined, this.#context.clock);
      // Steps 3 to 6 are core's.
      this.#admission = await this.#context.gateway.admit(request, this);
      if (this.#reason !== undefined) throw this.#reason;
      this.#ask(this.#admission, body);
    } catch (error) {
      this.#refuse(isGatewayError(error) ? error : new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: error }));
    }
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): unknown {
    return this.#reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#aborted ??= [];
    this.#aborted.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const index = this.#aborted?.indexOf(listener) ?? -1;
    if (index >= 0) this.#aborted?.splice(index, 1);
  }

  /** Gives the request up: the client left, or the gateway closes. Idempotent. */
  abort(reason: GatewayError): void {
    if (this.#reason !== undefined || this.#phase === 'over') return;
    this.#reason = reason;
    for (const listener of this.#aborted?.splice(0) ?? []) listener();
    // While core decides it is core that throws the reason.
    if (this.#phase !== 'admitting') this.failed(reason);
  }

  // What the attempts tell.

  progressed(): void {
    this.#idleTimer.touch();
  }

  informed(answer: BackendAnswer): void {
    try {
      this.#answer.inform(answer);
    } catch (error) {
      const { log } = this.#context.gateway;
      log.debug({ err: error, status: answer.status }, 'an interim answer could not be passed on');
    }
  }

  mayContinue(): void {
    this.#answer.continue();
  }

  /** Step 9: the head goes to the client. */
  answered(answer: BackendAnswer): void {
    const admission = this.#admission;
    if (admission === undefined || this.#phase !== 'waiting') return;
    try {
      const isLast = this.#context.gateway.isDraining;
      const head = answerHead(admission, answer, isHttp2Request(this.#request), isLast);
      this.#answer.head(head);
      this.#status = head.status;
      this.#phase = 'answering';
      this.#idleTimer.restart(admission.route.timeouts.idleMs, this.#idle);
      if (isEventStream(head.rawHeaders)) this.#adopt(admission);
      else admission.opened();
    } catch (error) {
      this.failed(isGatewayError(error) ? error : invalidAnswer(error));
    }
  }

  /** Step 10 */
  data(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    this.#idleTimer.touch();
    return this.#answer.write(chunk);
  }

  /** Step 11 */
  ended(rawTrailers: readonly string[]): void {
    if (this.#phase !== 'answering') return;
    this.#phase = 'ending';
    this.#response.once('finish', () => {
      if (this.#phase === 'ending') this.#finish(undefined);
    });
    this.#answer.end(rawTrailers);
  }

  failed(error: GatewayError): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'waiting' || this.#phase === 'admitting') this.#refuse(error);
    else {
      this.#answer.cut();
      this.#finish(error);
    }
  }

  #ask(admission: Admission, framing: BodyFraming | undefined): void {
    const { clock, pools } = this.#context;
    const { maxRequestBodyBytes } = admission.route.http;
    if (maxRequestBodyBytes > 0 && Number(framing?.length ?? 0) > maxRequestBodyBytes) {
      throw bodyTooBig(maxRequestBodyBytes);
    }
    this.#response.on('drain', this.#drained);
    this.#phase = 'waiting';
    this.#attempts = new Attempts({ admission, clientRequest: this.#request, framing, pools, clock }, this);
    this.#attempts.start();
  }

  #adopt(admission: Admission): void {
    const { clock, gateway } = this.#context;
    this.#stream = new EventStream({
      id: admission.id,
      route: admission.route,
      endpoint: admission.lease.endpoint,
      openedMs: clock.now(),
      end: () => {
        this.#attempts?.close();
        this.ended([]);
      },
      cut: (error = new GatewayError('OCELOT_ERR_DRAINING')) => this.abort(error),
      bytesFromClient: () => this.#attempts?.bytesFromClient ?? 0,
      bytesFromBackend: () => this.#bytes,
    });
    // Before any byte of the body moves: who is told may end the stream at once.
    admission.opened(this.#stream);
    gateway.adopt(this.#stream);
  }

  readonly #idle = (): void => this.failed(new GatewayError('OCELOT_ERR_IDLE_TIMEOUT'));

  readonly #drained = (): void => this.#attempts?.resume();

  readonly #closed = (): void => {
    if (this.#phase === 'ending' && this.#response.writableFinished) this.#finish(undefined);
    else this.abort(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
  };

  #refuse(given: GatewayError): void {
    const { clock, gateway } = this.#context;
    const admission = this.#admission;
    const error = admission?.refusal(given) ?? given;
    const status = gateway.statusOf(error);
    const exchangeId = admission?.id ?? text(error.details['exchangeId']);
    const routeId = admission?.route.id ?? text(error.details['routeId']);
    this.#over();
    refuse(this.#answer, { error, status, requestId: exchangeId, isLast: gateway.isDraining });
    const log = admission?.log ?? gateway.log.child({ exchange: exchangeId, route: routeId });
    logRefusal(log, 'request refused', { error, status, endpoint: admission?.lease.endpoint });
    gateway.record({
      type: 'request.refused',
      exchangeId: exchangeId ?? '',
      routeId,
      request: this.#received,
      errorCode: error.code,
      status,
      durationMs: clock.now() - this.#startedMs,
    });
    admission?.finish({ outcome: 'refused', error });
  }

  /** Step 12 */
  #finish(error: GatewayError | undefined): void {
    const admission = this.#admission;
    this.#over();
    if (admission === undefined) return;
    const { gateway, clock } = this.#context;
    const { id, route, lease, request } = admission;
    const nowMs = clock.now();
    const finished = {
      exchangeId: id,
      routeId: route.id,
      endpoint: lease.endpoint,
      status: this.#status,
      durationMs: nowMs - this.#startedMs,
      fromClientBytes: this.#attempts?.bytesFromClient ?? 0,
      fromBackendBytes: this.#bytes,
    };
    logFinished(gateway.log, furtherIds(admission), request.method, finished, error);
    gateway.record({ type: 'request.finished', ...finished, errorCode: error?.code });
    this.#stream?.settle({ nowMs, errorCode: error?.code });
    admission.finish({ outcome: 'completed' });
  }

  /** Lets go of everything but the client's answer, which may still be on its way. */
  #over(): void {
    this.#phase = 'over';
    this.#idleTimer.clear();
    this.#response.off('close', this.#closed);
    this.#response.off('drain', this.#drained);
    this.#context.underWay.delete(this);
    this.#attempts?.close();
  }
}

function ignore(): void {
  // Said by `close` as well.
}

function invalidAnswer(error: unknown): GatewayError {
  const reason = error instanceof Error ? error.message : String(error);
  return new GatewayError('OCELOT_ERR_BACKEND_ANSWER_INVALID', { cause: error, details: { reason } });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
