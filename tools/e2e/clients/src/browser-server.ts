import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

import { echoServer } from './echo-server.ts';
import type { Attach } from './real-backend.ts';

const SCRIPT = readFileSync(fileURLToPath(new URL('./browser-page.mjs', import.meta.url)));

/** The script's functions become `probes` before the page counts as loaded. */
const PAGE = `<!doctype html>
<title>ocelot</title>
<script type="module">
  import * as probes from '/page.mjs';
  globalThis.probes = probes;
</script>
`;

/** A page, its script, what the script asks for over HTTP, and the echo over WebSocket. */
export const browserServer: Attach = (server, name) => {
  let download: ServerResponse | undefined;
  let part = 0;
  const nextPart = (): void => {
    part += 1;
    if (part > 3) download?.end();
    else download?.write(`part ${part} of ${name}`);
  };
  const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
    'GET /': (_request, response) => void response.setHeader('Content-Type', 'text/html').end(PAGE),
    'GET /page.mjs': (_request, response) => void response.setHeader('Content-Type', 'text/javascript').end(SCRIPT),
    'GET /whoami': (_request, response) => void response.end(name),
    'GET /events': (request, response) => {
      const last = Number(request.headers['last-event-id'] ?? 0);
      response.setHeader('Content-Type', 'text/event-stream');
      response.write(`retry: 200\nid: ${last + 1}\ndata: ${name}\n\n`);
    },
    'GET /parts': (_request, response) => {
      download = response.setHeader('Content-Type', 'text/plain');
      part = 0;
      nextPart();
    },
    'POST /parts': (_request, response) => {
      nextPart();
      response.end();
    },
    'POST /upload': (request, response) => {
      response.setHeader('Content-Type', 'text/plain');
      request.pipe(response);
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const [path] = (request.url ?? '/').split('?');
    const answer = answers[`${request.method} ${path}`];
    if (answer) answer(request, response);
    else response.writeHead(404).end('not here\n');
  });
  return echoServer(server, name);
};
