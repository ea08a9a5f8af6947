import {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  constants,
  createServer,
} from 'node:http2';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Gateway } from '@ocelot/core';

import { NO_ROOM_BODY, NO_ROOM_RETRY_S } from '../connection-gate.js';
import { type Front, MAX_HEADER_COUNT } from './http1-front.js';
import { Http2Connection, type Places } from './http2-connection.js';
import type { RelayListeners } from './relay-listeners.js';

/** Streams that a client may have open on one connection at once: RFC 9113 §6.5.2 advises no fewer. */
const MAX_CONCURRENT_STREAMS = 100;
/** `:method`, `:scheme`, `:authority`, `:path`, `:protocol`. */
const PSEUDO_HEADERS = 5;
/**
 * A client that vanished without a word is noticed by the operating system, as over HTTP/1.1 where `TcpKeepAliveMs` of
 * the route says when; a connection of HTTP/2 belongs to no route.
 */
const KEEP_ALIVE_MS = 30_000;
/** How long a client may take to read an answer of the front's own: one whose streams have no window takes nothing. */
const READ_MS = 10_000;
/** What a header counts beside its bytes (RFC 9113 §6.5.2). */
const HEADER_OVERHEAD_BYTES = 32;

/**
 * Serves HTTP/2 (RFC 9113), WebSockets over it too (RFC 8441).
 *
 * What bounds a client: the streams it may have open, the decoded size of a head and its number of headers (Node resets
 * the stream), the places that streams take, the time without a stream. nghttp2, of which Node's HTTP/2 is made, ends
 * connections that reset streams at a great rate (CVE-2023-44487), send CONTINUATION without end (CVE-2024-28182), or
 * frames to be acknowledged faster than they can be.
 */
export function http2Front(gateway: Gateway, places: Places, listeners: RelayListeners): Front {
  const { log } = gateway;
  const { maxHeaderBytes } = gateway.settings.listener;
  const connections = new Map<ServerHttp2Session, Http2Connection>();
  const server = createServer({
    maxHeaderListPairs: MAX_HEADER_COUNT + PSEUDO_HEADERS,
    settings: {
      enableConnectProtocol: listeners.connect !== undefined,
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      maxHeaderListSize: maxHeaderBytes,
    },
  });
  let isStopped = false;
  let entering: Duplex | undefined;
  server.on('session', (session) => {
    session.on('error', (error) => log.debug({ err: error }, 'HTTP/2 connection failed'));
    if (entering === undefined) return;
    const { headersTimeoutMs } = gateway.settings.listener;
    const connection = new Http2Connection(session, entering, places, headersTimeoutMs);
    connections.set(session, connection);
    session.once('close', () => connections.delete(session));
    // Its handshake was under way when the others were told.
    if (isStopped) connection.close();
  });
  /** Answers what goes no further. */
  const isServed = (request: Http2ServerRequest, response: Http2ServerResponse): boolean => {
    const { stream } = request;
    if (enters(stream, connections)) {
      if (sizeOf(request.rawHeaders) <= maxHeaderBytes) return true;
      // The setting binds Node only once the client has acknowledged it.
      refuse(response, 431, 'Request Header Fields Too Large');
    } else refuseForWantOfRoom(response);
    return false;
  };
  server.on('stream', (stream) => stream.on('error', (error) => log.debug({ err: error }, 'HTTP/2 stream failed')));
  const relay = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (!isServed(request, response)) return;
    if (listeners.isHttpRelayed) listeners.request(...asHttp1(request, response));
    else refuse(response, 501, 'Not Implemented');
  };
  server.on('request', relay);
  // Whether a client shall go on with its body is said by who reads it, not by Node (RFC 9110 §10.1.1).
  server.on('checkContinue', relay);
  server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    if (!isServed(request, response)) return;
    const protocol = request.headers[':protocol'];
    if (protocol === undefined) refuse(response, 405, 'Method Not Allowed', { allow: 'GET' });
    // RFC 9220 §3: what is not supported is answered with 501.
    else if (protocol !== 'websocket' || listeners.connect === undefined) refuse(response, 501, 'Not Implemented');
    else listeners.connect(request, response);
  });
  return {
    serve(connection) {
      if (connection instanceof Socket) connection.setKeepAlive(true, KEEP_ALIVE_MS);
      // Half an HTTP/2 connection carries nothing: who sends no more cannot take anything either (flow control).
      connection.allowHalfOpen = false;
      entering = connection;
      server.emit('connection', connection);
      entering = undefined;
    },
    stop() {
      isStopped = true;
      for (const connection of connections.values()) connection.close();
    },
  };
}

/** What listens to `request` takes the compatible objects too; their types do not say so. */
function asHttp1(request: Http2ServerRequest, response: Http2ServerResponse): Parameters<RelayListeners['request']> {
  return [request, response] as unknown as Parameters<RelayListeners['request']>;
}

function enters(stream: ServerHttp2Stream, connections: ReadonlyMap<ServerHttp2Session, Http2Connection>): boolean {
  const connection = stream.session === undefined ? undefined : connections.get(stream.session as ServerHttp2Session);
  return connection === undefined || connection.enter(stream);
}

function sizeOf(rawHeaders: readonly string[]): number {
  let size = (rawHeaders.length / 2) * HEADER_OVERHEAD_BYTES;
  for (const text of rawHeaders) size += text.length;
  return size;
}

function refuse(response: Http2ServerResponse, status: number, text: string, headers: OutgoingHttpHeaders = {}): void {
  respond(response, status, { 'content-type': 'text/plain; charset=utf-8', ...headers }, `${status} ${text}\n`);
}

function refuseForWantOfRoom(response: Http2ServerResponse): void {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'retry-after': String(NO_ROOM_RETRY_S) };
  respond(response, 503, headers, NO_ROOM_BODY);
}

/** Ends the stream with an answer; the connection goes on. What the client still sends on it is thrown away. */
function respond(response: Http2ServerResponse, status: number, headers: OutgoingHttpHeaders, body: string): void {
  const { stream } = response;
  response.writeHead(status, { 'cache-control': 'no-store', ...headers });
  response.end(body);
  stream.resume();
  // RFC 9113 §8.1: the answer is complete, the rest of the request is not needed.
  stream.once('finish', () => stream.close());
  const cut = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), READ_MS).unref();
  stream.once('close', () => clearTimeout(cut));
}
