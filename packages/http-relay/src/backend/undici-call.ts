// Hot path: once per request, and once per chunk of an answer. No closure per chunk, no copy of a chunk.
import type { Dispatcher } from 'undici';

import type { BackendRequest, Call, CallReceiver } from './call.js';
import { UnaskedContinue } from './call-failure.js';

/** Beside the request itself, what undici is told. */
export interface UndiciCallOptions {
  /** Names a backend where the dispatcher does not know it: behind a proxy. */
  readonly origin: string | undefined;
  /** Fixes SNI: undici would take it from Host. */
  readonly serverName: string | undefined;
  /** Closes the connection behind the answer. */
  readonly reset: boolean;
  /** Told before `failed` when the backend said `100 Continue`, which undici cannot bear. */
  readonly unaskedContinue: () => void;
}

/** A request made by undici. Time limits are the caller's. */
export class UndiciCall implements Call, Dispatcher.DispatchHandler {
  #receiver: CallReceiver | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #unaskedContinue: (() => void) | undefined;

  constructor(receiver: CallReceiver) {
    this.#receiver = receiver;
  }

  /** Hands the request over. What is wrong with it is told by `failed`, never thrown. */
  start(dispatcher: Dispatcher, request: BackendRequest, options: UndiciCallOptions): void {
    const { body, method, target: path } = request;
    const headers = ['host', request.host, ...request.headers];
    if (body?.length !== undefined) headers.push('content-length', body.length);
    const { origin, serverName: servername } = options;
    this.#unaskedContinue = options.unaskedContinue;
    try {
      dispatcher.dispatch(
        {
          path,
          method,
          headers,
          body: body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
          ...(origin === undefined ? {} : { origin }),
          ...(options.reset ? { reset: true } : {}),
          ...(servername === undefined ? {} : { servername }),
        },
        this,
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#receiver === undefined) return;
    this.#receiver = undefined;
    this.#controller?.abort(new Error('the request was given up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up before there was a connection.
    if (this.#receiver === undefined) controller.abort(new Error('the request was given up'));
    else this.#receiver.started();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _: unknown, reason = ''): void {
    const answer = { status, reason, rawHeaders: texts(controller.rawHeaders) };
    if (status < 200) this.#receiver?.informed(answer);
    else this.#receiver?.answered(answer);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#receiver?.data(chunk) === false) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.ended(texts(controller.rawTrailers));
  }

  onResponseError(_: unknown, error: Error): void {
    // undici says so of a 100 only, where there is a request (client-h1.js, onHeadersComplete).
    if (error.message !== 'bad response') {
      this.#fail(error);
      return;
    }
    this.#unaskedContinue?.();
    this.#fail(new UnaskedContinue());
  }

  #fail(error: unknown): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.failed(error);
  }
}

/** Names and values as texts of one byte a character, as HTTP has them (RFC 9110 §5.5). */
function texts(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')));
}
