import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Gateway } from '@ocelot/core';
import { shouldUpgrade } from '@ocelot/ws-relay';

import { refuseHeaderFlood, refuseVersion } from '../bad-request.js';
import { declineUpgrade, endDeclined, onlyWebSockets } from './declined-upgrade.js';
import { FloodLog } from './flood-log.js';
import { answerFaults } from './parser-faults.js';
import { afterAnswers, mayWait, noteAnswer } from './pending-answer.js';
import type { RelayListeners } from './relay-listeners.js';

/** Small headers cost several times their bytes in memory, so their number is limited too; more get 431. */
export const MAX_HEADER_COUNT = 1_000;
/** For a whole request that nothing relays, head and body; answered with 408. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for connections that are over their times. */
const CHECK_INTERVAL_MS = 1_000;
const KEEP_ALIVE_MS = 5_000;
const TOO_MANY_WAIT = 'a connection was cut: too many requests wait behind one that is being answered (pipelining)';

/** What serves connections once it is known what they speak. */
export interface Front {
  /** Serves a connection from its first byte on. It has an error listener already. */
  serve(connection: Duplex): void;
  /** Lets go of connections without a request, and of the others after it. Idempotent. */
  stop(): void;
}

/**
 * Serves HTTP/1.1. Node's server never listens here: it is handed connections, whatever they came through, so that all
 * its limits hold for each of them.
 * @param checkIntervalMs default: 1 s.
 */
export function http1Front(gateway: Gateway, listeners: RelayListeners, checkIntervalMs?: number): Front {
  const server = createServer({
    maxHeaderSize: gateway.settings.listener.maxHeaderBytes,
    connectionsCheckingInterval: checkIntervalMs ?? CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...onlyWebSockets,
  });
  // Node drops what is beyond its own limit silently. One more is kept than allowed, so that it can be seen.
  server.maxHeadersCount = MAX_HEADER_COUNT + 1;
  connectRelays(server, listeners, new FloodLog(gateway.log, TOO_MANY_WAIT));
  answerFaults(server);
  // Node begins to watch the times of connections with this event.
  server.emit('listening');
  return {
    serve(connection) {
      // Read each time: a reload changes what holds from then on.
      const { headersTimeoutMs } = gateway.settings.listener;
      server.headersTimeout = headersTimeoutMs;
      // A relay streams bodies, which may take hours, and limits them itself.
      server.requestTimeout = listeners.isHttpRelayed ? 0 : Math.max(REQUEST_TIMEOUT_MS, headersTimeoutMs);
      server.emit('connection', connection);
    },
    stop() {
      server.close();
      server.closeIdleConnections();
    },
  };
}

function connectRelays(server: Server, listeners: RelayListeners, cuts: FloodLog): void {
  const refused = new WeakSet<Duplex>();
  const relay: RelayListeners['request'] = (request, response) => {
    if (!mayWait(request.socket, response)) {
      // What else was read of it comes here too.
      if (!request.socket.destroyed) cuts.note({ peer: request.socket.remoteAddress });
      request.socket.destroy();
      return;
    }
    // Nothing is read behind a refusal: it ends the connection.
    if (refused.has(request.socket)) return;
    const refuse = refusal(request);
    if (refuse !== undefined) {
      refused.add(request.socket);
      afterAnswers(request.socket, () => refuse(request.socket));
    } else {
      noteAnswer(request.socket, response);
      endDeclined(request, response);
      listeners.request(request, response);
    }
  };
  server.on('request', relay);
  // Whether a client shall go on with its body is said by who reads it, not by Node (RFC 9110 §10.1.1).
  server.on('checkContinue', relay);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (refused.has(socket)) return;
    afterAnswers(socket, () => {
      const refuse = refusal(request);
      if (refuse !== undefined) refuse(socket);
      else if (shouldUpgrade(request)) listeners.upgrade(request, socket, head);
      else declineUpgrade(server, request, socket, head);
    });
  });
}

/** What the parser lets pass and no relay is to see. */
function refusal(request: IncomingMessage): ((socket: Duplex) => void) | undefined {
  if (request.httpVersionMajor !== 1) return refuseVersion;
  return request.rawHeaders.length / 2 > MAX_HEADER_COUNT ? refuseHeaderFlood : undefined;
}
