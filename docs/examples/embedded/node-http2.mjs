import { createSecureServer } from 'node:http2';

import { createGateway, readConfiguration } from '@ocelot/core';
import { httpRequestRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import { webSocketRelay } from '@ocelot/ws-relay';

/** One port for everything: HTTP/1.1 and HTTP/2, plain requests and WebSockets over both, all by the same routes. */
export async function start(configuration, { cert, key }) {
  const gateway = await createGateway({ config: readConfiguration(configuration), plugins: [lb()] });
  const sockets = webSocketRelay();
  const requests = httpRequestRelay();
  const server = createSecureServer({ cert, key, allowHTTP1: true, settings: { enableConnectProtocol: true } });
  server.on('request', requests.listener(gateway));
  server.on('upgrade', sockets.listener(gateway)); // WebSockets over HTTP/1.1
  server.on('connect', sockets.connectListener(gateway)); // and over HTTP/2 (RFC 8441)
  const sessions = new Set();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => session.destroy());
    session.on('close', () => sessions.delete(session));
  });
  await new Promise((resolve) => server.listen(0, resolve));
  return {
    server,
    async stop() {
      server.close();
      await gateway.drain({ deadlineMs: 10_000 });
      await requests.close();
      for (const session of sessions) session.close();
    },
  };
}
