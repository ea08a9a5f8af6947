// Once per request; per chunk one call of the receiver.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';

import { http2Headers } from '@ocelot/relay-kit';

import type { BackendRequest, Call, CallReceiver } from './call.js';
import { RefusedStream, StreamReset } from './call-failure.js';
import { allowedHttp2Trailers } from '../trailers.js';

/**
 * A request made by node:http2. undici's HTTP/2 passes no interim answers and no trailers of a request, and opens a
 * connection for each request that is under way.
 */
export class Http2Call implements Call {
  #receiver: CallReceiver | undefined;
  readonly #request: BackendRequest;
  readonly #tls: boolean;
  #stream: ClientHttp2Stream | undefined;
  #trailers: readonly string[] = [];
  /** What `Content-Length` promised and did not come yet; undefined: nothing was promised. */
  #missingBytes: number | undefined;

  constructor(request: BackendRequest, tls: boolean, receiver: CallReceiver) {
    this.#request = request;
    this.#tls = tls;
    this.#receiver = receiver;
  }

  /** Whether the request was given up, or failed. */
  get isOver(): boolean {
    return this.#receiver === undefined;
  }

  /** Sends the request. @param over Called once when the stream is gone. */
  start(session: ClientHttp2Session, over: () => void): void {
    const { body } = this.#request;
    let stream: ClientHttp2Stream;
    try {
      const options = { endStream: body === undefined, waitForTrailers: body !== undefined };
      stream = session.request(this.#headers(), options);
    } catch (error) {
      over();
      this.fail(isGone(error) ? new RefusedStream() : error);
      return;
    }
    this.#stream = stream;
    stream.once('close', over);
    this.#listen(stream);
    this.#receiver?.started();
    if (body === undefined) return;
    if (this.#request.expectsContinue) this.#receiver?.mayContinue();
    this.#sendBody(stream);
  }

  /** The connection did not come about. */
  fail(error: unknown): void {
    this.#finish()?.failed(error);
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    this.#finish();
    // `close` would end the body first, so that a part of it looked like the whole.
    this.#stream?.destroy(new Error('the request was given up'));
  }

  #headers(): OutgoingHttpHeaders {
    const { method, target, host, headers, body, takesTrailers } = this.#request;
    return {
      ...http2Headers(headers),
      ':method': method,
      ':scheme': this.#tls ? 'https' : 'http',
      ':authority': host,
      ':path': target,
      ...(takesTrailers ? { te: 'trailers' } : {}),
      ...(body?.length === undefined ? {} : { 'content-length': body.length }),
    };
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('headers', (headers) => {
      const status = Number(headers[':status']);
      if (status !== 100) this.#receiver?.informed({ status, reason: '', rawHeaders: lines(headers) });
    });
    stream.on('response', (headers) => {
      this.#missingBytes = this.#promisedBytes(headers);
      this.#receiver?.answered({ status: Number(headers[':status']), reason: '', rawHeaders: lines(headers) });
    });
    stream.on('data', (chunk: Buffer) => {
      if (this.#missingBytes !== undefined) this.#missingBytes -= chunk.length;
      if (this.#receiver?.data(chunk) === false) stream.pause();
    });
    stream.on('trailers', (headers) => (this.#trailers = lines(headers)));
    stream.on('end', () => {
      // A stream that is reset ends as well, before it tells of its error.
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || !stream.readableEnded) return;
      // Also one that is reset with NO_ERROR: the next answer would be read as the rest of this one.
      if (this.#missingBytes !== undefined && this.#missingBytes !== 0) {
        this.fail(new StreamReset(stream.rstCode));
        return;
      }
      this.#finish()?.ended(this.#trailers);
      if (!stream.writableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    });
    stream.on('error', (error) =>
      this.fail(stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? new RefusedStream() : error),
    );
    stream.once('close', () => {
      const { rstCode } = stream;
      this.fail(rstCode === constants.NGHTTP2_REFUSED_STREAM ? new RefusedStream() : new StreamReset(rstCode));
    });
  }

  /** The length of the body, where there is one (RFC 9113 §8.1.1). */
  #promisedBytes(headers: IncomingHttpHeaders): number | undefined {
    const length = headers['content-length'];
    const hasBody = this.#request.method !== 'HEAD' && Number(headers[':status']) !== 304;
    return length !== undefined && hasBody ? Number(length) : undefined;
  }

  #sendBody(stream: ClientHttp2Stream): void {
    const { body, headers } = this.#request;
    if (body === undefined) return;
    body.on('data', (chunk: Buffer) => {
      if (!stream.write(chunk)) body.pause();
    });
    stream.on('drain', () => body.resume());
    stream.on('wantTrailers', () => stream.sendTrailers(allowedHttp2Trailers(body.trailers, headers)));
    body.on('end', () => stream.end());
    body.on('error', (error) => {
      this.fail(error);
      stream.destroy(error);
    });
  }

  #finish(): CallReceiver | undefined {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    return receiver;
  }
}

/** A connection that takes no more streams: nothing was sent. */
function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_HTTP2_GOAWAY_SESSION' || code === 'ERR_HTTP2_INVALID_SESSION';
}

/** Name, value, …, without pseudo-headers. */
function lines(headers: IncomingHttpHeaders): readonly string[] {
  const raw: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue;
    for (const line of [value].flat()) raw.push(name, line);
  }
  return raw;
}
