// Hot path: `write` runs once per chunk of an answer and does nothing but write.
import { STATUS_CODES } from 'node:http';
import { constants } from 'node:http2';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { Clock } from '@ocelot/core';
import { endToEndHeaders, headerValues, http2Headers } from '@ocelot/relay-kit';

import type { BackendAnswer } from '../backend/call.js';
import { allowedHttp2Trailers, allowedTrailers } from '../trailers.js';
import { type ClientRequest, type ClientResponse, isHttp2Request, isHttp2Response } from './client-message.js';

/** How long a client may go on sending a body that nobody wants, so that it reads its answer first (RFC 9112 §9.6). */
const LINGER_MS = 2_000;
/** And how much of it. */
const LINGER_BYTES = 4_194_304;
/** How long a client may take to read an answer that the gateway made itself. */
const READ_MS = 10_000;

/** What a reason phrase may hold (RFC 9112 §4). */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The head of an answer, ready for the client. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  /** End-to-end headers: name, value, …. */
  readonly rawHeaders: readonly string[];
  /** Names of an upgrade that the answer is about (426, RFC 9110 §15.5.22); empty for none. */
  readonly upgrade: string;
  /** Names of trailers behind the body; empty for none. */
  readonly trailer: string;
  /** Whether the connection ends behind the answer. */
  readonly isLast: boolean;
}

/**
 * Writes one answer to a client, over HTTP/1 or HTTP/2. Owns the end of the exchange on the client's side: a body that
 * nobody took is read off for a while before the connection closes, and an answer that breaks off never looks whole.
 */
export class AnswerWriter {
  readonly #request: ClientRequest;
  readonly #response: ClientResponse;
  readonly #hasBody: boolean;
  readonly #clock: Clock;
  #hasWritten = false;

  /** @param hasBody Whether the request has a body. */
  constructor(request: ClientRequest, response: ClientResponse, hasBody: boolean, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#hasBody = hasBody;
    this.#clock = clock;
  }

  /** Whether the client still has to send something of its request. */
  get isUploading(): boolean {
    return this.#hasBody && !this.#request.complete;
  }

  /** Whether a head was written. */
  get isBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Tells a client that waits to send its body. */
  continue(): void {
    if (this.isBegun || this.#request.httpVersion === '1.0') return;
    this.#response.writeContinue();
  }

  /**
   * Passes an interim answer on (RFC 9110 §15.2): 103 and 102 over HTTP/1, all over HTTP/2. HTTP/1.0 knows none.
   */
  inform({ status, rawHeaders }: BackendAnswer): void {
    const response = this.#response;
    if (this.isBegun || this.#request.httpVersion === '1.0') return;
    if (isHttp2Response(response)) {
      response.stream.additionalHeaders({ ':status': status, ...http2Headers(endToEndHeaders(rawHeaders)) });
    } else if (status === 102) response.writeProcessing();
    else if (status === 103 && headerValues(rawHeaders, 'link').length > 0) {
      response.writeEarlyHints({ ...singleHeaders(rawHeaders), link: [...headerValues(rawHeaders, 'link')] });
    }
  }

  /**
   * Writes the head; it goes out with the first chunk, or by itself at the end of this turn.
   * @throws Error when a header cannot be written; then nothing was.
   */
  head({ status, reason, rawHeaders, upgrade, trailer, isLast }: AnswerHead): void {
    const response = this.#response;
    if (isHttp2Response(response)) {
      // Goes out at once, without a reason phrase (RFC 9113 §8.3.2).
      response.writeHead(status, http2Headers(rawHeaders));
      return;
    }
    const announced = this.#hasChunks(status) ? trailer : '';
    const own = hopHeaders(isLast || this.isUploading, upgrade, announced);
    const phrase = reason !== '' && REASON.test(reason) ? reason : (STATUS_CODES[status] ?? '');
    response.writeHead(status, phrase, [...rawHeaders, ...own]);
    process.nextTick(() => {
      if (!this.#hasWritten && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
  }

  /** @returns false when the client should be waited for: `drain` of the response comes then. */
  write(chunk: Buffer | string): boolean {
    this.#hasWritten = true;
    return isHttp2Response(this.#response) ? this.#response.write(chunk) : this.#response.write(chunk);
  }

  /**
   * Ends the answer; before that, what the client still sends is read off for a while: a connection that is closed
   * with bytes unread takes the answer with it.
   */
  end(rawTrailers: readonly string[] = []): void {
    if (!this.isUploading) this.#finish(rawTrailers);
    else if (isHttp2Request(this.#request)) {
      const { stream } = this.#request;
      this.#finish(rawTrailers);
      // The answer does not depend on the rest of the request (RFC 9113 §8.1).
      this.#response.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
    } else this.#linger(() => this.#finish(rawTrailers));
  }

  /**
   * Ends an answer of the gateway's own: a client that takes nothing of it, such as one whose streams have no window,
   * does not keep its place for ever.
   */
  endOwn(): void {
    const response = this.#response;
    const timer = this.#clock.setTimer(READ_MS, () => {
      if (!response.writableFinished) this.cut();
    });
    response.once('close', () => timer.clear());
    this.end();
  }

  /** Breaks the answer off so that nobody takes it for whole: RST_STREAM over HTTP/2, a cut connection over HTTP/1. */
  cut(): void {
    const response = this.#response;
    if (isHttp2Response(response)) {
      // `close` would end the body first, so that a part of it looked like the whole.
      response.stream.destroy(new Error('the answer broke off'));
      return;
    }
    const { socket } = this.#request;
    // Without a length and without chunks the end of the connection is the end of the body: only RST says otherwise.
    const canReset = socket instanceof Socket && !(socket instanceof TLSSocket) && socket.localPort !== undefined;
    if (canReset) socket.resetAndDestroy();
    else socket.destroy();
  }

  /** Whether a body of unknown length goes out in chunks: Node refuses to announce trailers anywhere else. */
  #hasChunks(status: number): boolean {
    const { httpVersion, method } = this.#request;
    return httpVersion !== '1.0' && method !== 'HEAD' && status !== 204 && status !== 304;
  }

  #finish(rawTrailers: readonly string[]): void {
    const response = this.#response;
    if (response.destroyed) return;
    this.#hasWritten = true;
    if (rawTrailers.length > 0) {
      if (isHttp2Response(response)) response.addTrailers(allowedHttp2Trailers(rawTrailers));
      else response.addTrailers(allowedTrailers(rawTrailers));
    }
    response.end();
  }

  #linger(done: () => void): void {
    const request = this.#request;
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > LINGER_BYTES) over();
    };
    const over = (): void => {
      timer.clear();
      request.off('data', count).off('end', over).off('close', over);
      request.pause();
      done();
    };
    const timer = this.#clock.setTimer(LINGER_MS, over);
    request.on('data', count).on('end', over).on('close', over);
    request.resume();
  }
}

function hopHeaders(isLast: boolean, upgrade: string, trailer: string): readonly string[] {
  const own: string[] = [];
  // A sender of Upgrade names it in Connection (RFC 9110 §7.8).
  const options = [...(isLast ? ['close'] : []), ...(upgrade === '' ? [] : ['Upgrade'])];
  if (options.length > 0) own.push('Connection', options.join(', '));
  if (upgrade !== '') own.push('Upgrade', upgrade);
  if (trailer !== '') own.push('Trailer', trailer);
  return own;
}

/** What `writeEarlyHints` takes beside the links: a text for each name. */
function singleHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const lines = Object.entries(http2Headers(endToEndHeaders(rawHeaders)));
  return Object.fromEntries(lines.filter(([name]) => name !== 'link').map(([name, value]) => [name, String(value)]));
}
