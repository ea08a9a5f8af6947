import { type Admission, type Clock, type Endpoint, GatewayError } from '@ocelot/core';
import { refusedWith, usesTls } from '@ocelot/relay-kit';

import type { ClientRequest } from '../client/client-message.js';
import type { BodyFraming } from '../client/received-request.js';
import { RequestBody } from '../client/request-body.js';
import { ProgressTimer } from '../progress-timer.js';
import type { BackendPool } from './backend-pool.js';
import { backendRequest } from './backend-request.js';
import type { BackendAnswer, Call, CallReceiver } from './call.js';
import { callFailure, RefusedStream, UnaskedContinue } from './call-failure.js';
import type { PoolDirectory } from './pool-directory.js';
import { type Destination, MOST_REDIRECTS, redirected } from './redirect.js';
import { isRead, mayRepeat } from './retry.js';

/** What the attempts of one request are made of. */
export interface AttemptsInit {
  readonly admission: Admission;
  readonly clientRequest: ClientRequest;
  readonly framing: BodyFraming | undefined;
  readonly pools: PoolDirectory;
  readonly clock: Clock;
}

/** Who takes the answer, of whichever attempt; as {@link CallReceiver}, with `failed` said once and for all. */
export interface AnswerReceiver extends Omit<CallReceiver, 'started' | 'failed'> {
  /** A part of the request's body was taken from the client. */
  progressed(): void;
  failed(error: GatewayError): void;
}

/**
 * Brings one request to a backend (steps 7 and 8): to the endpoint leased, to another one where that is allowed, to
 * where a backend redirects it if the route wants that. Owns the time limits up to the head of the answer, and the body.
 */
export class Attempts implements CallReceiver {
  readonly #init: AttemptsInit;
  readonly #receiver: AnswerReceiver;
  readonly #timer: ProgressTimer;
  #body: RequestBody | undefined;
  #destination: Destination | undefined;
  #pool: BackendPool | undefined;
  #call: Call | undefined;
  #isStarted = false;
  #isAnswered = false;
  #isOver = false;
  #count = 0;
  #redirects = 0;

  constructor(init: AttemptsInit, receiver: AnswerReceiver) {
    this.#init = init;
    this.#receiver = receiver;
    this.#timer = new ProgressTimer(init.clock);
  }

  /** Bytes taken from the client. */
  get bytesFromClient(): number {
    return this.#body?.bytes ?? 0;
  }

  /**
   * Makes the first attempt. Call it once.
   * @throws GatewayError BACKEND_UNREACHABLE when the certificates of the route cannot be used.
   */
  start(): void {
    this.#send(this.#leased());
  }

  /** Goes on after `data` returned false. */
  resume(): void {
    this.#call?.resume();
  }

  /** Ends everything; the receiver hears nothing more. Idempotent. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.clear();
    this.#call?.abort();
    this.#release();
    this.#body?.destroy();
  }

  // What the call tells.

  started(): void {
    this.#isStarted = true;
  }

  informed(answer: BackendAnswer): void {
    this.#receiver.informed(answer);
  }

  mayContinue(): void {
    this.#receiver.mayContinue();
  }

  answered(answer: BackendAnswer): void {
    try {
      if (this.#askAnother(answer) || this.#follow(answer)) return;
    } catch (error) {
      this.#call?.abort();
      this.#fail(callFailure(error, 'connecting', this.#endpoint));
      return;
    }
    this.#isAnswered = true;
    this.#timer.clear();
    this.#receiver.answered(answer);
  }

  data(chunk: Buffer): boolean {
    return this.#receiver.data(chunk);
  }

  ended(rawTrailers: readonly string[]): void {
    this.#release();
    // What the client still sends is nobody's any more.
    this.#body?.destroy();
    this.#receiver.ended(rawTrailers);
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    const isRefused = error instanceof RefusedStream;
    if (isRefused) this.#isStarted = false;
    const progress = this.#isAnswered ? 'answering' : this.#isStarted ? 'asked' : 'connecting';
    const failure = callFailure(error, progress, this.#destination?.endpoint ?? this.#endpoint);
    if (!this.#repeat(failure, isRefused)) this.#fail(failure);
  }

  get #endpoint(): Endpoint {
    return this.#init.admission.lease.endpoint;
  }

  #leased(): Destination {
    const { admission, framing, clientRequest } = this.#init;
    const { route, request } = admission;
    this.#body =
      framing === undefined
        ? undefined
        : new RequestBody(clientRequest, {
            length: framing.length,
            maxBytes: route.http.maxRequestBodyBytes,
            progressed: this.#progressed,
          });
    const tls = usesTls(route, this.#endpoint, request);
    return { request: backendRequest(admission, tls, this.#body), endpoint: this.#endpoint, tls };
  }

  #send(destination: Destination): void {
    const { admission, pools } = this.#init;
    const { timeouts } = admission.route;
    this.#count += 1;
    this.#isStarted = false;
    this.#destination = destination;
    const pool = pools.take(admission.route, destination.endpoint, destination.tls);
    this.#pool = pool;
    const isUpload = destination.request.body !== undefined;
    this.#timer.restart(isUpload && timeouts.idleMs > 0 ? timeouts.idleMs : timeouts.answerMs, this.#stalled);
    const call = pool.call(destination.request, this);
    // It may have failed at once, and another attempt may be under way.
    if (this.#pool === pool && !this.#isOver) this.#call = call;
  }

  #repeat(failure: GatewayError, isRefused: boolean): boolean {
    const { admission } = this.#init;
    if (this.#isAnswered || this.#redirects > 0 || this.#body?.isUntouched === false) return false;
    const method = admission.route.http.method ?? admission.request.method;
    if (!mayRepeat(failure, this.#isStarted, method)) return false;
    // The same endpoint once more where there is no other: a kept connection may have ended as the request was sent.
    const isLost = (this.#isStarted || isRefused) && this.#count === 1;
    // Nothing is wrong with the endpoint: its pool asks it by other means from now on.
    const isRephrased = failure.cause instanceof UnaskedContinue;
    if (!isRephrased && admission.nextLease(failure) === undefined && !isLost) return false;
    return this.#again(() => this.#leased());
  }

  /** An answer that the route does not want to be the last. */
  #askAnother({ status }: BackendAnswer): boolean {
    const { admission, framing } = this.#init;
    const { route, request } = admission;
    if (!route.retryStatuses.includes(status) || this.#redirects > 0) return false;
    if (framing !== undefined || !isRead(route.http.method ?? request.method)) return false;
    if (admission.nextLease(refusedWith(status)) === undefined) return false;
    this.#call?.abort();
    return this.#again(() => this.#leased());
  }

  #follow(answer: BackendAnswer): boolean {
    const { route } = this.#init.admission;
    if (!route.http.followRedirects || this.#destination === undefined || this.#redirects >= MOST_REDIRECTS) {
      return false;
    }
    const next = redirected(this.#destination, answer);
    if (next === undefined) return false;
    this.#redirects += 1;
    this.#call?.abort();
    return this.#again(() => next);
  }

  #again(destination: () => Destination): true {
    this.#release();
    this.#body?.destroy();
    try {
      this.#send(destination());
    } catch (error) {
      this.#fail(callFailure(error, 'connecting', this.#endpoint));
    }
    return true;
  }

  #fail(error: GatewayError): void {
    this.close();
    this.#receiver.failed(error);
  }

  #release(): void {
    if (this.#pool !== undefined) this.#init.pools.release(this.#pool);
    this.#pool = undefined;
    this.#call = undefined;
  }

  readonly #progressed = (): void => {
    this.#receiver.progressed();
    if (this.#isAnswered) return;
    if (this.#body?.isWhole === true) {
      this.#timer.restart(this.#init.admission.route.timeouts.answerMs, this.#stalled);
    } else this.#timer.touch();
  };

  /** Nothing moved while the head of the answer was waited for: whose turn is it? */
  readonly #stalled = (): void => {
    const isClients = this.#body?.isClientsTurn === true;
    const reason = isClients ? 'the body of the request does not go on' : 'no answer in time';
    const code = isClients ? 'OCELOT_ERR_REQUEST_TIMEOUT' : 'OCELOT_ERR_BACKEND_TIMEOUT';
    this.#fail(new GatewayError(code, { details: { reason } }));
  };
}
