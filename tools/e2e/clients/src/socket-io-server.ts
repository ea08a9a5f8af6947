import { Server } from 'socket.io';

import type { Attach } from './real-backend.ts';

/** Time between two heartbeats of the server, in milliseconds. */
const PING_INTERVAL_MS = 100;

/** What the server tells its clients. */
interface ToClient {
  said(text: string): void;
}

/** What clients ask of the server; the last argument is Socket.IO's acknowledgement. */
interface ToServer {
  who(answer: (name: string) => void): void;
  echo(value: unknown, answer: (value: unknown) => void): void;
  join(room: string, answer: () => void): void;
  say(room: string, text: string): void;
}

/**
 * A Socket.IO server: acknowledgements, rooms, and a namespace `/members` that only a token opens. It sets the cookie
 * `io`, as its option `cookie` does.
 */
export const socketIoServer: Attach = (server, name) => {
  const io = new Server<ToServer, ToClient>(server, { cookie: true, pingInterval: PING_INTERVAL_MS });
  io.on('connection', (socket) => {
    socket.on('who', (answer) => answer(name));
    socket.on('echo', (value, answer) => answer(value));
    socket.on('join', (room, answer) => {
      void socket.join(room);
      answer();
    });
    socket.on('say', (room, text) => io.to(room).emit('said', text));
  });
  io.of('/members').use((socket, next) => {
    const { token } = socket.handshake.auth as { token?: string };
    next(token === 'good' ? undefined : new Error('not a member'));
  });
  return { close: () => void io.close() };
};
