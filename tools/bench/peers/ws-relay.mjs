// Peer of the benchmark: what one writes by hand with ws, a server and a client tied together, message by message;
// argv: PORT BACKEND-PORT. No backpressure, no compression; skipUTF8Validation as ws has it by default (off).
import { createServer } from 'node:http';

import { WebSocket, WebSocketServer } from 'ws';

const [port, backendPort] = process.argv.slice(2).map(Number);
const server = createServer((_request, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const code = (given) => (given === 1005 || given === 1006 ? 1000 : given);

sockets.on('connection', (client, request) => {
  const backend = new WebSocket(`ws://127.0.0.1:${backendPort}${request.url}`, { perMessageDeflate: false });
  const early = [];
  client.on('message', (data, isBinary) => {
    if (backend.readyState === WebSocket.OPEN) backend.send(data, { binary: isBinary });
    else early.push([data, { binary: isBinary }]);
  });
  backend.on('open', () => early.splice(0).forEach((message) => backend.send(...message)));
  backend.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  client.on('close', (given) => backend.readyState === WebSocket.OPEN && backend.close(code(given)));
  backend.on('close', (given) => client.close(code(given)));
  client.on('error', () => backend.terminate());
  backend.on('error', () => client.terminate());
});
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
