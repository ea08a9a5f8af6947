import { createGatewayRequest, GatewayError, type GatewayRequest } from '@ocelot/core';
import { clientPeer, headerValues, trimBlanks } from '@ocelot/relay-kit';

import { type ClientRequest, isHttp2Request } from './client-message.js';

/** Small headers cost several times their bytes in memory, so their number is limited, as it is for upgrades. */
const MAX_HEADER_COUNT = 1_000;

const DIGITS = /^\d+$/;
const HTTP_1 = /^1\.[01]$/;

/** How the body of a request is framed; undefined where there is none. */
export interface BodyFraming {
  /** `Content-Length` as received; undefined when the length is unknown. */
  readonly length: string | undefined;
}

/** A client's request, checked, and how its body is framed. */
export interface ReceivedHttp {
  readonly request: GatewayRequest;
  readonly body: BodyFraming | undefined;
}

/**
 * Checks what a server handed over and makes the request that routing and stages see. Node's parser refuses most of
 * what smuggles requests; what it lets through and another server may read otherwise is refused here (RFC 9112 §6).
 * @throws GatewayError REQUEST_INVALID with 400, 413, 431, 501 or 505; what `createGatewayRequest` throws.
 */
export function receivedRequest(message: ClientRequest): ReceivedHttp {
  if (message.rawHeaders.length > 2 * MAX_HEADER_COUNT) {
    throw invalid(`There are more than ${MAX_HEADER_COUNT} headers.`, 431);
  }
  if (!isHttp2Request(message) && !HTTP_1.test(message.httpVersion)) {
    throw invalid('Only HTTP/1.0 and HTTP/1.1 are spoken on this connection.', 505);
  }
  const rawHeaders = isHttp2Request(message) ? http1Headers(message.rawHeaders) : message.rawHeaders;
  const body = isHttp2Request(message)
    ? http2Framing(rawHeaders, message.stream.endAfterHeaders)
    : http1Framing(rawHeaders, message.httpVersion);
  const request = createGatewayRequest({
    kind: 'http',
    method: message.method ?? 'GET',
    target: message.url ?? '/',
    rawHeaders,
    client: clientPeer(isHttp2Request(message) ? (message.stream.session?.socket ?? message.socket) : message.socket),
  });
  return { request, body };
}

function http1Framing(rawHeaders: readonly string[], version: string): BodyFraming | undefined {
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  const length = declaredLength(rawHeaders);
  if (codings.length > 0) {
    if (length !== undefined) throw invalid('Content-Length and Transfer-Encoding exclude each other.');
    if (version === '1.0') throw invalid('HTTP/1.0 has no Transfer-Encoding.');
    // Any other coding would reach the backend without its name (RFC 9112 §6.1).
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw invalid('The only transfer coding that is understood is chunked.', 501);
    }
    return { length: undefined };
  }
  return length === undefined || /^0+$/.test(length) ? undefined : { length };
}

/** Of HTTP/2 the end of the stream decides; a length that does not fit is nghttp2's to refuse (RFC 9113 §8.1.1). */
function http2Framing(rawHeaders: readonly string[], isOver: boolean): BodyFraming | undefined {
  const length = declaredLength(rawHeaders);
  return isOver ? undefined : { length };
}

/** RFC 9110 §8.6. */
function declaredLength(rawHeaders: readonly string[]): string | undefined {
  const values = headerValues(rawHeaders, 'content-length');
  const [length] = values;
  if (length === undefined) return undefined;
  if (values.length > 1 || !DIGITS.test(length)) throw invalid('Content-Length is not one number.');
  if (Number(length) > Number.MAX_SAFE_INTEGER) throw invalid('Content-Length is beyond what can be counted.', 413);
  return length;
}

/**
 * The headers of an HTTP/2 request as HTTP/1.1 has them: `:authority` is Host and takes its place (RFC 9113 §8.3.1),
 * pieces of Cookie become one line again (§8.2.3).
 */
function http1Headers(rawHeaders: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const cookies: string[] = [];
  let authority: string | undefined;
  let host: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (name === ':authority') authority = value;
    else if (name === 'cookie') cookies.push(trimBlanks(value));
    else if (name === 'host' && host !== undefined) throw invalid('There is more than one Host header.');
    else if (name === 'host') host = value;
    else if (!name.startsWith(':')) lines.push(name, value);
  }
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    throw invalid('The Host header is not the authority of the request.');
  }
  const named = authority ?? host;
  if (named !== undefined) lines.unshift('host', named);
  if (cookies.length > 0) lines.push('cookie', cookies.join('; '));
  return lines;
}

function invalid(message: string, status = 400): GatewayError {
  return new GatewayError('OCELOT_ERR_REQUEST_INVALID', { message, status });
}
