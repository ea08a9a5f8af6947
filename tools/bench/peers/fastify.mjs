// Peer of the benchmark: @fastify/http-proxy with its defaults; argv: PORT BACKEND-PORT.
import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, backendPort] = process.argv.slice(2).map(Number);
const server = fastify({ logger: false });
await server.register(httpProxy, {
  upstream: `http://127.0.0.1:${backendPort}`,
  websocket: true,
  wsUpstream: `ws://127.0.0.1:${backendPort}`,
});
await server.listen({ port, host: '127.0.0.1', backlog: 4096 });
