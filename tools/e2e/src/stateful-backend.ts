import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { switchingHead } from '@ocelot/test-support';

/**
 * A backend that keeps its sessions in memory, as SignalR and Socket.IO do: one that begins here is unknown anywhere
 * else. Every answer says who gave it (`X-Backend`).
 */
export interface StatefulBackend {
  readonly name: string;
  readonly port: number;
  /** Ends every connection and stops listening. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts one on a free port. `POST …/negotiate` begins a session: its id is the body and the cookie `sid`. `GET …?id=ID`
 * answers 200, and an upgrade with `?id=ID` 101, when the session began here, else 404; an upgrade without an id begins
 * a session by the cookie of its 101.
 */
export async function statefulBackend(name: string): Promise<StatefulBackend> {
  const sessions = new Set<string>();
  const begin = (): string => {
    const id = `${name}${sessions.size}`;
    sessions.add(id);
    return id;
  };
  const isKnown = (url: string): boolean => sessions.has(new URL(url, 'http://x').searchParams.get('id') ?? '');
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('X-Backend', name);
    if (request.method === 'POST') {
      const id = begin();
      response.setHeader('Set-Cookie', `sid=${id}; Path=/; HttpOnly`);
      response.end(id);
    } else {
      response.statusCode = isKnown(request.url ?? '') ? 200 : 404;
      response.end(name);
    }
  });
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy());
    const url = request.url ?? '';
    const isNew = !url.includes('id=');
    if (!isNew && !isKnown(url)) socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    else {
      const cookie = isNew ? { 'Set-Cookie': `sid=${begin()}; Path=/; HttpOnly` } : {};
      socket.write(switchingHead(request.headers['sec-websocket-key'] ?? '', { 'X-Backend': name, ...cookie }));
      open.add(socket);
      // Nobody says anything here but the gateway, when its client is gone.
      for (const event of ['data', 'end']) socket.once(event, () => socket.destroy());
      socket.once('close', () => open.delete(socket));
    }
  });
  const open = new Set<{ destroy(): unknown }>();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name,
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
