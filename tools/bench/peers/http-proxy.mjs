// Peer of the benchmark: http-proxy with its defaults; argv: PORT BACKEND-PORT.
import { createServer } from 'node:http';

import httpProxy from 'http-proxy';

const [port, backendPort] = process.argv.slice(2).map(Number);
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${backendPort}`, ws: true });
proxy.on('error', (error) => console.error(error.message));
const server = createServer((_request, response) => response.writeHead(404).end());
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
