import { attach } from 'engine.io';

import type { Attach } from './real-backend.ts';

/** An Engine.IO server that says its name first and then sends back what it gets. */
export const engineIoServer: Attach = (server, name) => {
  const engine = attach(server, { path: '/engine.io', perMessageDeflate: true, cookie: { name: 'eio' } });
  engine.on('connection', (socket) => {
    socket.send(name);
    socket.on('message', (data: string | Buffer) => socket.send(data));
  });
  return { close: () => void engine.close() };
};
