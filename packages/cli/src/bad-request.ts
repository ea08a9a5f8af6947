import type { Duplex } from 'node:stream';

/** How long the peer may take to read an answer before its connection is cut. */
const LINGER_MS = 2_000;

/** They are cut by their own timers. */
const answered = new WeakSet<Duplex>();

/**
 * Answers what is no HTTP, too large or too slow: `server.on('clientError', …)`. A client that left gets nothing.
 */
export function answerBadRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') respond(socket, '431 Request Header Fields Too Large');
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') respond(socket, '408 Request Timeout');
  else if (error.code?.startsWith('HPE_') === true) respond(socket, '400 Bad Request');
  else socket.destroy();
}

/** Answers `CONNECT`: this is no forward proxy. */
export function refuseConnect(socket: Duplex): void {
  respond(socket, '405 Method Not Allowed', 'Allow: GET\r\n');
}

/** Answers a request line of another version than HTTP/1.0 and 1.1, which Node's parser lets pass (0.9, 2.0). */
export function refuseVersion(socket: Duplex): void {
  respond(socket, '505 HTTP Version Not Supported');
}

/** Answers a head of more headers than anybody needs. */
export function refuseHeaderFlood(socket: Duplex): void {
  respond(socket, '431 Request Header Fields Too Large');
}

function respond(socket: Duplex, status: string, headers = ''): void {
  // What comes behind an answered fault is a fault again. To cut it now would take the answer away (RFC 9112 §9.6).
  if (answered.has(socket)) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  answered.add(socket);
  const body = `${status}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n` +
      `Connection: close\r\n${headers}\r\n${body}`,
  );
  linger(socket);
}

/** Ends a connection whose last answer was written, and gives its client time to read it. */
export function endAnswered(socket: Duplex): void {
  if (answered.has(socket) || socket.destroyed) return;
  answered.add(socket);
  socket.end();
  linger(socket);
}

function linger(socket: Duplex): void {
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(cut));
}
