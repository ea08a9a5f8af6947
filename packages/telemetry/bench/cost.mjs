// What telemetry costs a handshake and a message, in processor time of the gateway: with nothing configured, with metrics,
// and with spans that are sent to a collector. The figures of the guide come from here.
//
//   node tools/build.mjs && node packages/telemetry/bench/cost.mjs [ROUNDS]
//
// One process serves a route for each variant, and a route that is left out takes its turn with each of them: two
// processes differ by more, for reasons of their own, than what is measured here. Told is the median of the differences.
// A gateway that knows nothing of the plugin is a process of its own, and so is one with nothing configured.
// Loopback only; it ends by itself within two minutes.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { createGateway, readConfiguration } from '@ocelot/core';
import { lb } from '@ocelot/lb';
import { telemetry } from '@ocelot/telemetry';
import { webSocketRelay } from '@ocelot/ws-relay';

const HANDSHAKES = 256;
const MESSAGES = 6000;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
/** 64 bytes of payload, masked with zeroes. */
const MASKED = Buffer.concat([Buffer.from([0x82, 0x80 | 64, 0, 0, 0, 0]), Buffer.alloc(64, 7)]);
const ECHO = Buffer.concat([Buffer.from([0x82, 64]), Buffer.alloc(64, 7)]);
const WINDOW = 32;

const OFF = { Metrics: false, Traces: false };
/** `Gateway.Telemetry` of the routes of one process. */
const VARIANTS = {
  metrics: { ...OFF, Metrics: true },
  'traces, all recorded': { ...OFF, Traces: true },
  'traces, 1 % recorded': { ...OFF, Traces: true, SampleRatio: 0.01 },
  'metrics and traces': { Metrics: true, Traces: true },
  'both, with 1 % of messages as events': { Metrics: true, Traces: true, MessageEvents: 0.01 },
};
const NAMES = Object.keys(VARIANTS);
/** The route that the others are compared with. */
const LEFT_OUT = NAMES.length;

/** A gateway: with a route for each variant, or with one and nothing configured. */
async function serve(kind, backendPort, collector) {
  const sections = kind === 'variants' ? [...Object.values(VARIANTS), OFF] : [undefined];
  const config = readConfiguration({
    Routes: sections.map((Telemetry, index) => ({
      UpstreamPathTemplate: `/${index}`,
      DownstreamPathTemplate: '/',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backendPort }],
      ...(Telemetry && { Gateway: { Telemetry } }),
    })),
    ...(kind === 'variants' && {
      GlobalConfiguration: { Gateway: { Telemetry: { Prometheus: true, Otlp: { Endpoint: collector } } } },
    }),
  });
  const plugins = kind === 'without' ? [lb()] : [telemetry(), lb()];
  const gateway = await createGateway({ config, plugins });
  const server = createHttpServer();
  server.on('upgrade', webSocketRelay().listener(gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.on('message', (what) => {
    if (what === 'cpu') process.send(process.cpuUsage());
    else process.exit();
  });
  process.on('disconnect', () => process.exit());
  process.send(server.address().port);
}

/** A WebSocket of the client's or the backend's side, as far as this needs one. */
async function backend() {
  const server = createServer((socket) => {
    let open = false;
    let bytes = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (!open) {
        open = true;
        socket.write(
          `HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
        );
        return;
      }
      bytes += chunk.length;
      for (; bytes >= MASKED.length; bytes -= MASKED.length) socket.write(ECHO);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function open(port, route) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET /${route} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}

async function handshakes(port, route) {
  for (let done = 0; done < HANDSHAKES; done += WINDOW) {
    const sockets = await Promise.all(Array.from({ length: WINDOW }, () => open(port, route)));
    for (const socket of sockets) socket.destroy();
  }
}

async function messages(port, route) {
  const socket = await open(port, route);
  let left = MESSAGES;
  let bytes = 0;
  await new Promise((resolve) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      for (; bytes >= ECHO.length; bytes -= ECHO.length) {
        left -= 1;
        if (left === 0) resolve();
        else if (left >= WINDOW) socket.write(MASKED);
      }
    });
    for (let sent = 0; sent < WINDOW; sent += 1) socket.write(MASKED);
  });
  socket.destroy();
}

/** Processor time of the gateway, in microseconds, for one piece of work. */
async function cost({ child, port }, route, work, count) {
  const before = await asked(child, 'cpu');
  await work(port, route);
  const after = await asked(child, 'cpu');
  return (after.user + after.system - before.user - before.system) / count;
}

/** What `one` takes more than `other`, in pairs: each goes first in every other one. */
async function difference(one, other, work, count, rounds) {
  const differences = [];
  const costs = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? one : other;
    const second = first === one ? other : one;
    const [a, b] = [await cost(...first, work, count), await cost(...second, work, count)];
    differences.push(first === one ? a - b : b - a);
    costs.push(first === one ? b : a);
  }
  return { more: median(differences), of: median(costs) };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

async function asked(child, what) {
  child.send(what);
  const [answer] = await once(child, 'message');
  return answer;
}

/** Starts a gateway, and has its code compiled. */
async function gatewayOf(kind, backendPort, collectorPort, routes) {
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_KIND: kind, BENCH_BACKEND: backendPort, BENCH_COLLECTOR: collectorPort },
  });
  const [port] = await once(child, 'message');
  for (let route = 0; route < routes; route += 1) for (let time = 0; time < 3; time += 1) await handshakes(port, route);
  return { child, port };
}

async function main() {
  const rounds = Number(process.argv[2] ?? 12);
  const echo = await backend();
  const collector = createHttpServer((request, response) => request.resume().once('end', () => response.end('{}')));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const ports = [echo.address().port, collector.address().port];
  const without = await gatewayOf('without', ...ports, 1);
  const nothing = await gatewayOf('nothing', ...ports, 1);
  const variants = await gatewayOf('variants', ...ports, NAMES.length + 1);
  process.stdout.write('| Telemetry | handshake and end, µs | message and its echo, µs |\n| --- | --- | --- |\n');
  const pairs = [
    { name: 'nothing configured', one: [nothing, 0], other: [without, 0] },
    ...NAMES.map((name, route) => ({ name, one: [variants, route], other: [variants, LEFT_OUT] })),
  ];
  for (const { name, one, other } of pairs) {
    const handshake = await difference(one, other, handshakes, HANDSHAKES, rounds);
    const message = await difference(one, other, messages, MESSAGES, rounds);
    const [a, b] = [handshake.more.toFixed(0), message.more.toFixed(2)];
    process.stdout.write(`| ${name} | ${a} of ${handshake.of.toFixed(0)} | ${b} of ${message.of.toFixed(2)} |\n`);
  }
  for (const { child } of [without, nothing, variants]) child.send('stop');
  echo.close();
  collector.close();
}

const kind = process.env['BENCH_KIND'];
if (kind === undefined) await main();
else await serve(kind, Number(process.env['BENCH_BACKEND']), `http://127.0.0.1:${process.env['BENCH_COLLECTOR']}`);
