import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A client's request, of node:http or of the compatibility interface of node:http2. */
export type ClientRequest = IncomingMessage | Http2ServerRequest;

/** The answer to it. */
export type ClientResponse = ServerResponse | Http2ServerResponse;

/** Tells the two interfaces apart. The version does not: Node's HTTP/1 parser takes `HTTP/2.0` in a request line, too. */
export function isHttp2Request(request: ClientRequest): request is Http2ServerRequest {
  return 'stream' in request;
}

/** Tells the two interfaces apart. */
export function isHttp2Response(response: ClientResponse): response is Http2ServerResponse {
  return 'stream' in response;
}
