import { createServer } from 'node:http';

import { createGateway, readConfiguration } from '@ocelot/core';
import { lb } from '@ocelot/lb';
import { webSocketRelay } from '@ocelot/ws-relay';

/** A server of your own: it answers requests itself and leaves its upgrades to the gateway. */
export async function start(configuration) {
  const gateway = await createGateway({ config: readConfiguration(configuration), plugins: [lb()] });
  const server = createServer((request, response) => response.end('a page of your own\n'));
  server.on('upgrade', webSocketRelay().listener(gateway));
  await new Promise((resolve) => server.listen(0, resolve));
  return {
    server,
    /** Another configuration, by one assignment: open sockets stay. */
    reload: (next) => gateway.reload(readConfiguration(next)),
    /** Nothing new, then Close 1012 to every open socket, then the end. */
    async stop() {
      server.close();
      await gateway.drain({ deadlineMs: 10_000 });
    },
  };
}
