import { WebSocketServer } from 'ws';

import type { Attach } from './real-backend.ts';

/** Largest message the echo takes, in bytes. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/**
 * A `ws` server that first says its name and the target it was asked for, as JSON, and then sends back each message as
 * it came. The text `close CODE REASON` ends the connection with that code and reason.
 */
export const echoServer: Attach = (server, name) => {
  const sockets = new WebSocketServer({
    server,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: { threshold: 64 },
    handleProtocols: (offered) => (offered.has('echo.v2') ? 'echo.v2' : false),
  });
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => undefined); // A connection that is cut ends in `close` too.
    socket.send(JSON.stringify({ name, url: request.url }));
    socket.on('message', (data: Buffer, isBinary) => {
      const wanted = isBinary ? undefined : /^close (\d+) (.*)$/.exec(data.toString());
      if (wanted) socket.close(Number(wanted[1]), wanted[2]);
      else socket.send(data, { binary: isBinary });
    });
  });
  return sockets;
};
