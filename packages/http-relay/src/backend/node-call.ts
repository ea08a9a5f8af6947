import { type Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { type RequestOptions, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';

import type { Clock, Timer } from '@ocelot/core';

import type { BackendRequest, Call, CallReceiver } from './call.js';
import { allowedTrailers } from '../trailers.js';
import { ConnectTimeout, UnexpectedSwitch } from './call-failure.js';

/** How long a client that waits for `100 Continue` is kept waiting by a backend that says nothing, as curl does. */
const CONTINUE_MS = 1_000;

/** Methods whose requests say nothing of a body that they do not have. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** How a node:http request finds its backend. */
export interface NodeCallOptions {
  readonly agent: Agent;
  readonly tls: boolean;
  /** Host and port, or the path of a socket. */
  readonly target: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>;
  /** TCP and TLS together; 0: no limit. */
  readonly connectMs: number;
  readonly clock: Clock;
  /** Closes the connection behind the answer. */
  readonly reset: boolean;
}

/**
 * A request made by node:http: what undici cannot send. That is an expectation of `100 Continue`, a head that goes out
 * before the first byte of a body of unknown length, trailers, and `TE` with its connection option.
 */
export class NodeCall implements Call {
  #receiver: CallReceiver | undefined;
  readonly #request: ClientRequest;
  readonly #head: BackendRequest;
  readonly #options: NodeCallOptions;
  #timer: Timer | undefined;
  #answer: IncomingMessage | undefined;
  #sendsBody = false;

  constructor(head: BackendRequest, options: NodeCallOptions, receiver: CallReceiver) {
    this.#receiver = receiver;
    this.#head = head;
    this.#options = options;
    const { agent, target, tls } = options;
    const make = tls ? httpsRequest : httpRequest;
    const { method, target: path } = head;
    this.#request = make({ agent, ...target, method, path, headers: this.#headers() as string[], setHost: false });
    this.#listen();
    this.#request.flushHeaders();
    if (head.body === undefined) this.#request.end();
  }

  resume(): void {
    this.#answer?.resume();
  }

  abort(): void {
    this.#finish();
    this.#request.destroy();
  }

  /** Ours first, as RFC 9110 §7.6.1 wants them named by Connection. */
  #headers(): readonly string[] {
    const { host, headers, body, expectsContinue, takesTrailers, trailer } = this.#head;
    const connection = this.#options.reset ? 'close' : 'keep-alive';
    const raw = ['Host', host, 'Connection', takesTrailers ? `${connection}, TE` : connection, ...headers];
    if (takesTrailers) raw.push('TE', 'trailers');
    if (expectsContinue) raw.push('Expect', '100-continue');
    if (body?.length !== undefined) raw.push('Content-Length', body.length);
    else if (body !== undefined) raw.push('Transfer-Encoding', 'chunked');
    // Node would frame an empty body in chunks (RFC 9110 §8.6 wants its length told).
    else if (!WITHOUT_BODY.has(this.#head.method)) raw.push('Content-Length', '0');
    if (body?.length === undefined && trailer !== undefined) raw.push('Trailer', trailer);
    return raw;
  }

  #listen(): void {
    const request = this.#request;
    request.on('error', (error) => this.#fail(error));
    request.on('socket', (socket: Duplex) => this.#connecting(socket));
    request.on('information', ({ statusCode: status, statusMessage: reason, rawHeaders }) => {
      if (status === 100) this.#continue();
      else this.#receiver?.informed({ status, reason, rawHeaders });
    });
    request.on('upgrade', (_answer, socket) => {
      socket.destroy();
      this.#fail(new UnexpectedSwitch());
    });
    request.on('response', (answer) => this.#answered(answer));
  }

  #connecting(socket: Duplex): void {
    const { connectMs, clock, tls } = this.#options;
    const isNew = 'connecting' in socket && socket.connecting === true;
    const ready = (): void => {
      this.#timer?.clear();
      this.#receiver?.started();
      if (!this.#head.expectsContinue) this.#sendBody();
      else if (this.#receiver !== undefined) this.#timer = clock.setTimer(CONTINUE_MS, () => this.#continue());
    };
    if (!isNew) {
      ready();
      return;
    }
    if (connectMs > 0) {
      this.#timer = clock.setTimer(connectMs, () => this.#request.destroy(new ConnectTimeout(connectMs)));
    }
    socket.once(tls ? 'secureConnect' : 'connect', ready);
  }

  #continue(): void {
    this.#timer?.clear();
    if (this.#sendsBody || this.#answer !== undefined) return;
    this.#receiver?.mayContinue();
    this.#sendBody();
  }

  #sendBody(): void {
    const { body, headers } = this.#head;
    if (body === undefined || this.#sendsBody || this.#receiver === undefined) return;
    this.#sendsBody = true;
    const request = this.#request;
    body.on('data', (chunk: Buffer) => {
      if (!request.write(chunk)) body.pause();
    });
    request.on('drain', () => body.resume());
    body.on('end', () => {
      const { trailers } = body;
      if (trailers.length > 0 && body.length === undefined) request.addTrailers(allowedTrailers(trailers, headers));
      request.end();
    });
    body.on('error', (error) => {
      this.#fail(error);
      request.destroy();
    });
  }

  #answered(answer: IncomingMessage): void {
    this.#timer?.clear();
    this.#answer = answer;
    answer.on('data', (chunk: Buffer) => {
      if (this.#receiver?.data(chunk) === false) answer.pause();
    });
    answer.on('end', () => {
      if (!answer.complete) return;
      const receiver = this.#finish();
      // A body that nobody reads any more: the connection cannot be used again.
      if (!this.#request.writableEnded) this.#request.destroy();
      receiver?.ended(answer.rawTrailers);
    });
    answer.on('error', (error) => this.#fail(error));
    const { statusCode: status = 0, statusMessage: reason = '', rawHeaders } = answer;
    this.#receiver?.answered({ status, reason, rawHeaders });
  }

  #fail(error: unknown): void {
    this.#finish()?.failed(error);
  }

  #finish(): CallReceiver | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#timer?.clear();
    this.#head.body?.destroy();
    return receiver;
  }
}
