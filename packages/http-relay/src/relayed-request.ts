// Hot path: one object per request; per chunk one count and one write. No promise and no timer per chunk.
import {
  type Admission,
  type Cancellation,
  type Clock,
  type Gateway,
  GatewayError,
  isGatewayError,
} from '@ocelot/core';
import { usesTls } from '@ocelot/relay-kit';

import type { BackendPool } from './backend/backend-pool.js';
import { backendRequest } from './backend/backend-request.js';
import type { BackendAnswer, Call, CallReceiver } from './backend/call.js';
import { callFailure } from './backend/call-failure.js';
import type { PoolDirectory } from './backend/pool-directory.js';
import { answerHead } from './answer-head.js';
import { AnswerWriter } from './client/answer-writer.js';
import type { ClientRequest, ClientResponse } from './client/client-message.js';
import { type BodyFraming, receivedRequest } from './client/received-request.js';
import { refuse } from './client/refuse.js';
import { bodyTooBig, RequestBody } from './client/request-body.js';
import { EventStream, isEventStream } from './event-stream.js';
import { ProgressTimer } from './progress-timer.js';
import { logFinished, logRefused } from './request-log.js';
import type { RequestSet } from './request-set.js';
import { mayRepeat } from './retry.js';

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
export class RelayedRequest implements Cancellation, CallReceiver {
  readonly #context: RequestContext;
  readonly #request: ClientRequest;
  readonly #response: ClientResponse;
  readonly #startedMs: number;
  readonly #timer: ProgressTimer;
  #answer: AnswerWriter;
  #phase: 'admitting' | 'waiting' | 'answering' | 'ending' | 'over' = 'admitting';
  #framing: BodyFraming | undefined;
  #body: RequestBody | undefined;
  #admission: Admission | undefined;
  #pool: BackendPool | undefined;
  #call: Call | undefined;
  #isStarted = false;
  #attempts = 0;
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
    this.#timer = new ProgressTimer(context.clock);
    this.#answer = new AnswerWriter(request, response, true, context.clock);
  }

  /** Fulfilled once the backend is asked, or refused; never rejected. The rest goes by events. */
  async run(): Promise<void> {
    // Step 1: errors are heard before anything else happens; the client is watched.
    this.#request.on('error', ignore);
    this.#response.on('error', ignore);
    this.#response.on('close', this.#closed);
    this.#context.underWay.add(this);
    try {
      // Step 2
      const { request, body } = receivedRequest(this.#request);
      this.#framing = body;
      this.#answer = new AnswerWriter(this.#request, this.#response, body !== undefined, this.#context.clock);
      // Steps 3 to 6 are core's.
      this.#admission = await this.#context.gateway.admit(request, this);
      if (this.#reason !== undefined) throw this.#reason;
      this.#checkLength(this.#admission);
      this.#response.on('drain', this.#drained);
      this.#phase = 'waiting';
      this.#send(this.#admission);
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

  /** Gives the request up: the client left, time is up, or the gateway closes. Idempotent. */
  abort(reason: GatewayError): void {
    if (this.#reason !== undefined || this.#phase === 'over') return;
    this.#reason = reason;
    for (const listener of this.#aborted?.splice(0) ?? []) listener();
    // While core decides it is core that throws the reason.
    if (this.#phase !== 'admitting') this.#fail(reason);
  }

  // What the call tells.

  started(): void {
    this.#isStarted = true;
  }

  informed(answer: BackendAnswer): void {
    this.#timer.touch();
    try {
      this.#answer.inform(answer);
    } catch (error) {
      this.#context.gateway.log.debug(
        { err: error, status: answer.status },
        'an interim answer could not be passed on',
      );
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
      const head = answerHead(admission, answer, this.#request.httpVersionMajor >= 2, isLast);
      this.#answer.head(head);
      this.#status = head.status;
      this.#phase = 'answering';
      this.#timer.restart(admission.route.timeouts.idleMs, this.#idle);
      if (isEventStream(contentTypeOf(head.rawHeaders))) this.#adopt(admission);
      admission.opened();
    } catch (error) {
      this.#call?.abort();
      this.failed(isGatewayError(error) ? error : invalidAnswer(error));
    }
  }

  data(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    this.#timer.touch();
    return this.#answer.write(chunk);
  }

  /** Step 12 */
  ended(rawTrailers: readonly string[]): void {
    if (this.#phase !== 'answering') return;
    this.#complete(rawTrailers);
  }

  failed(error: unknown): void {
    const admission = this.#admission;
    if (admission === undefined || this.#phase === 'over') return;
    const failure = callFailure(error, this.#isStarted, admission.lease.endpoint);
    if (this.#phase !== 'waiting' || this.#reason !== undefined) this.#fail(failure);
    else if (!this.#repeat(admission, failure)) this.#fail(failure);
  }

  /** Steps 7 and 8: one attempt. */
  #send(admission: Admission): void {
    const { route, lease, request } = admission;
    const { pools } = this.#context;
    this.#attempts += 1;
    this.#isStarted = false;
    const tls = usesTls(route, lease.endpoint, request);
    this.#pool = pools.take(route, lease.endpoint, tls);
    this.#body = this.#makeBody(admission);
    this.#timer.restart(this.#body === undefined ? route.timeouts.answerMs : this.#uploadMs(admission), this.#stalled);
    const call = this.#pool.call(backendRequest(admission, tls, this.#body), this);
    // It may have failed already: what it told of was handled, and this call is over.
    if (this.#phase === 'waiting' || this.#phase === 'answering') this.#call ??= call;
  }

  #repeat(admission: Admission, failure: GatewayError): boolean {
    const isWhole = this.#body === undefined || this.#body.isUntouched;
    const method = admission.route.http.method ?? admission.request.method;
    if (!isWhole || !mayRepeat(failure, this.#isStarted, method)) return false;
    // The same endpoint once more, where there is no other: a kept connection may have ended as the request was sent.
    const isStale = this.#isStarted && failure.code === 'OCELOT_ERR_BACKEND_LOST' && this.#attempts === 1;
    if (admission.nextLease(failure) === undefined && !isStale) return false;
    this.#release();
    try {
      this.#send(admission);
    } catch (error) {
      this.#fail(callFailure(error, false, admission.lease.endpoint));
    }
    return true;
  }

  #makeBody({ route }: Admission): RequestBody | undefined {
    if (this.#framing === undefined) return undefined;
    return new RequestBody(this.#request, {
      length: this.#framing.length,
      maxBytes: route.http.maxRequestBodyBytes,
      progressed: this.#progressed,
    });
  }

  readonly #progressed = (): void => {
    this.#timer.touch();
    const admission = this.#admission;
    if (this.#phase !== 'waiting' || admission === undefined || this.#body?.isWhole !== true) return;
    this.#timer.restart(admission.route.timeouts.answerMs, this.#stalled);
  };

  #uploadMs({ route: { timeouts } }: Admission): number {
    return timeouts.idleMs > 0 ? timeouts.idleMs : timeouts.answerMs;
  }

  /** Nothing came while the head of the answer was waited for: whose turn is it? */
  readonly #stalled = (): void => {
    if (this.#body?.isClientsTurn === true) {
      const details = { reason: 'the body of the request does not go on' };
      this.#fail(new GatewayError('OCELOT_ERR_REQUEST_TIMEOUT', { details }));
    } else {
      const details = { reason: 'no answer in time' };
      this.#fail(new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT', { details }));
    }
  };

  readonly #idle = (): void => this.#fail(new GatewayError('OCELOT_ERR_IDLE_TIMEOUT'));

  readonly #drained = (): void => this.#call?.resume();

  readonly #closed = (): void => {
    if (this.#phase === 'ending' && this.#response.writableFinished) this.#finish(undefined);
    else this.abort(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
  };

  #checkLength({ route }: Admission): void {
    const { maxRequestBodyBytes } = route.http;
    const declared = Number(this.#framing?.length ?? 0);
    if (maxRequestBodyBytes > 0 && declared > maxRequestBodyBytes) throw bodyTooBig(maxRequestBodyBytes);
  }

  #adopt(admission: Admission): void {
    const { clock, gateway } = this.#context;
    this.#stream = new EventStream({
      id: admission.id,
      route: admission.route,
      endpoint: admission.lease.endpoint,
      openedMs: clock.now(),
      end: () => {
        this.#call?.abort();
        if (this.#phase === 'answering') this.#complete([]);
      },
      cut: () => this.abort(new GatewayError('OCELOT_ERR_DRAINING')),
    });
    gateway.adopt(this.#stream);
  }

  #complete(rawTrailers: readonly string[]): void {
    this.#phase = 'ending';
    this.#release();
    this.#response.once('finish', () => {
      if (this.#phase === 'ending') this.#finish(undefined);
    });
    this.#answer.end(rawTrailers);
  }

  #fail(error: GatewayError): void {
    if (this.#phase === 'over') return;
    this.#call?.abort();
    if (this.#phase === 'waiting' || this.#phase === 'admitting') this.#refuse(error);
    else {
      this.#answer.cut();
      this.#finish(error);
    }
  }

  #refuse(error: GatewayError): void {
    const { gateway } = this.#context;
    const admission = this.#admission;
    const status = gateway.statusOf(error);
    const exchangeId = admission?.id ?? text(error.details['exchangeId']);
    const routeId = admission?.route.id ?? text(error.details['routeId']);
    this.#over();
    refuse(this.#answer, { error, status, requestId: exchangeId, isLast: gateway.isDraining });
    const log = admission?.log ?? gateway.log.child({ exchange: exchangeId, route: routeId });
    logRefused(log, error, status, admission?.lease.endpoint);
    gateway.record({ type: 'request.refused', exchangeId: exchangeId ?? '', routeId, errorCode: error.code, status });
    admission?.finish({ outcome: 'refused', error });
  }

  /** Step 13 */
  #finish(error: GatewayError | undefined): void {
    const admission = this.#admission;
    this.#over();
    if (admission === undefined) return;
    const { gateway, clock } = this.#context;
    const { id, route, lease, request } = admission;
    const nowMs = clock.now();
    const durationMs = nowMs - this.#startedMs;
    const bytesFromClient = this.#body?.bytes ?? 0;
    const common = { status: this.#status, endpoint: lease.endpoint, durationMs };
    const sizes = { bytesFromClient, bytesFromBackend: this.#bytes };
    logFinished(gateway.log, { exchange: id, route: route.id, method: request.method, ...common, ...sizes, error });
    gateway.record({
      type: 'request.finished',
      exchangeId: id,
      routeId: route.id,
      ...common,
      errorCode: error?.code,
      fromClientBytes: bytesFromClient,
      fromBackendBytes: this.#bytes,
    });
    this.#stream?.close({ nowMs, bytes: this.#bytes, errorCode: error?.code });
    admission.finish({ outcome: 'completed' });
  }

  /** Lets go of everything but the client's answer, which may still be on its way. */
  #over(): void {
    this.#phase = 'over';
    this.#timer.clear();
    this.#response.off('close', this.#closed);
    this.#response.off('drain', this.#drained);
    this.#context.underWay.delete(this);
    this.#release();
    this.#body?.destroy();
  }

  #release(): void {
    if (this.#pool !== undefined) this.#context.pools.release(this.#pool);
    this.#pool = undefined;
    this.#call = undefined;
  }
}

/** Said by `close` as well. */
function ignore(): void {
  // A client that resets its connection is told of once, by the end of its request.
}

function contentTypeOf(rawHeaders: readonly string[]): string | undefined {
  const index = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type');
  return index < 0 ? undefined : rawHeaders[index + 1];
}

function invalidAnswer(error: unknown): GatewayError {
  const reason = error instanceof Error ? error.message : String(error);
  return new GatewayError('OCELOT_ERR_BACKEND_ANSWER_INVALID', { cause: error, details: { reason } });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
