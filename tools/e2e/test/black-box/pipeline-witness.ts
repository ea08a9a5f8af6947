import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { eventually } from '@ocelot/test-support';
import { type WebSocket, WebSocketServer } from 'ws';

/** A request that reached the backend. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Every value of a header, however many lines it has. */
  all(name: string): readonly string[];
}

/** A backend for requests and WebSockets that remembers what it was asked, by `X-Request-Id`. */
export interface Witness {
  readonly port: number;
  /** Requests and handshakes so far. */
  readonly count: number;
  /** Waits for the request with this id. */
  seen(id: string): Promise<Seen>;
  /** Whether a request with this id came. */
  has(id: string): boolean;
  /** Whether anything that was ever asked holds this text. */
  saw(text: string): boolean;
  /** Whether it is well: where not, every answer is a 503. */
  isWell: boolean;
  /** Headers of every answer, a 101 among them. */
  answers: Readonly<Record<string, string | readonly string[]>>;
  close(): Promise<void>;
}

/**
 * Starts one on a free port. It echoes messages, and selects the first subprotocol that it is offered. `?answer=403` asks
 * it for another status, on handshakes too; `?answer=never` for silence.
 */
export async function witness(): Promise<Witness> {
  const requests = new Map<string, Seen>();
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    note(request);
    const status = statusFor(request);
    if (status === 'never') return;
    for (const [name, value] of Object.entries(self.answers)) response.setHeader(name, value);
    response.statusCode = status === '' ? 200 : Number(status);
    response.end('of the backend');
  });
  const note = (request: IncomingMessage): void => {
    const { method = '', url = '', headers, rawHeaders } = request;
    const all = (name: string): readonly string[] =>
      rawHeaders.filter((_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
    self.count += 1;
    requests.set(String(headers['x-request-id']), { method, url, headers, all });
  };
  const statusFor = ({ url = '' }: IncomingMessage): string =>
    self.isWell ? (new URL(url, 'http://x').searchParams.get('answer') ?? '') : '503';
  sockets.on('headers', (lines) => {
    for (const [name, value] of Object.entries(self.answers)) {
      for (const one of [value].flat()) lines.push(`${name}: ${one}`);
    }
  });
  server.on('upgrade', (request, socket, head) => {
    note(request);
    socket.on('error', () => socket.destroy());
    const status = statusFor(request);
    if (status === 'never') return;
    if (status === '') sockets.handleUpgrade(request, socket, head, echo);
    else {
      const lines = Object.entries(self.answers).flatMap(([name, value]) =>
        [value].flat().map((one) => `${name}: ${one}\r\n`),
      );
      socket.end(
        `HTTP/1.1 ${status} No\r\nContent-Length: 14\r\nConnection: close\r\n${lines.join('')}\r\nof the backend`,
      );
    }
  });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: Witness & { count: number } = {
    port: (server.address() as AddressInfo).port,
    count: 0,
    isWell: true,
    answers: {},
    seen: (id) => eventually(() => requests.get(id), `request ${id} reaches the backend`),
    has: (id) => requests.has(id),
    saw: (text) => JSON.stringify([...requests.values()]).includes(text),
    async close() {
      sockets.close();
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return self;
}

function echo(socket: WebSocket): void {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
}
