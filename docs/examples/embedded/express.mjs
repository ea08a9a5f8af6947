import { createGateway, readConfiguration } from '@ocelot/core';
import { lb } from '@ocelot/lb';
import { webSocketRelay } from '@ocelot/ws-relay';
import express from 'express';
import { WebSocketServer } from 'ws';

/** Node leaves an upgraded socket without a listener for errors: a client that resets would end the process. */
function refuse(socket) {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
}

/** An Express application with a WebSocket of its own at /notices; everything under /live/ is the gateway's. */
export async function start(configuration) {
  const gateway = await createGateway({ config: readConfiguration(configuration), plugins: [lb()] });
  const app = express();
  app.get('/', (request, response) => response.send('a page of Express'));
  const server = app.listen(0);
  const relay = webSocketRelay({ accepts: ({ url }) => url.startsWith('/live/') });
  server.on('upgrade', relay.listener(gateway));
  const notices = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url.startsWith('/live/')) return; // The gateway answers these.
    if (request.url !== '/notices') refuse(socket);
    else notices.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('a notice of Express'));
  });
  return { server, stop: () => (server.close(), gateway.drain({ deadlineMs: 10_000 })) };
}
