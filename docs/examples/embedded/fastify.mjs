import { createGateway, readConfiguration } from '@ocelot/core';
import { lb } from '@ocelot/lb';
import { webSocketRelay } from '@ocelot/ws-relay';
import fastify from 'fastify';
import { WebSocketServer } from 'ws';

/** Node leaves an upgraded socket without a listener for errors: a client that resets would end the process. */
function refuse(socket) {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
}

/** A Fastify application with a WebSocket of its own at /notices; everything under /live/ is the gateway's. */
export async function start(configuration) {
  const gateway = await createGateway({ config: readConfiguration(configuration), plugins: [lb()] });
  const app = fastify();
  app.get('/', () => 'a page of Fastify');
  app.addHook('preClose', async () => void (await gateway.drain({ deadlineMs: 10_000 })));
  const relay = webSocketRelay().listener(gateway);
  const notices = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request, socket, head) => {
    if (request.url.startsWith('/live/')) relay(request, socket, head);
    else if (request.url !== '/notices') refuse(socket);
    else notices.handleUpgrade(request, socket, head, (webSocket) => webSocket.send('a notice of Fastify'));
  });
  await app.listen({ port: 0 });
  return { server: app.server, stop: () => app.close() };
}
