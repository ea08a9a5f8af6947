// A plugin of a few lines: serves the demo's page from the gateway's own port, for every request that is no WebSocket.
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('page.html', import.meta.url));

/** @type {import('@ocelot/core').Plugin} */
export const plugin = {
  name: 'demo-page',
  setup(registry) {
    registry.relay({
      kind: 'http',
      listener: () => (request, response) => {
        const found = request.url === '/' || request.url?.startsWith('/?');
        response.writeHead(found ? 200 : 404, {
          'Content-Type': found ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
          'Content-Security-Policy':
            "default-src 'none'; connect-src 'self' ws: wss:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
          'Cache-Control': 'no-store',
        });
        response.end(found ? page : 'The demo is at /\n');
      },
    });
  },
};
