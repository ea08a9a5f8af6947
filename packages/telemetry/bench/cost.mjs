// What telemetry costs a handshake and a message: processor time of a gateway process of its own, with nothing
// configured, with metrics, and with spans that are sent to a collector. The figures of the guide come from here.
//
//   node tools/build.mjs && node packages/telemetry/bench/cost.mjs [ROUNDS]
//
// Processor time, not time of the clock: others may be at work on the machine. Variants take turns, the least of the
// rounds counts. Loopback only; it ends by itself within two minutes.
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

const HANDSHAKES = 1500;
const MESSAGES = 30_000;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
/** 64 bytes of payload, masked with zeroes. */
const MASKED = Buffer.concat([Buffer.from([0x82, 0x80 | 64, 0, 0, 0, 0]), Buffer.alloc(64, 7)]);
const ECHO = Buffer.concat([Buffer.from([0x82, 64]), Buffer.alloc(64, 7)]);
const WINDOW = 32;

const VARIANTS = {
  'without the plugin': undefined,
  'nothing configured': {},
  'metrics, Prometheus': { Prometheus: true },
  'traces, all recorded': { Traces: true },
  'traces, 1 % recorded': { Traces: true, SampleRatio: 0.01 },
  'metrics and traces': { Prometheus: true, Traces: true },
  'both, with 1 % of messages as events': { Prometheus: true, Traces: true, MessageEvents: 0.01 },
};

/** The gateway of one variant, in a process of its own. */
async function serve(backendPort, section, collector) {
  const hasOtlp = section?.Traces === true;
  const config = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/{everything}',
        DownstreamPathTemplate: '/{everything}',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backendPort }],
      },
    ],
    GlobalConfiguration: {
      Gateway: { Telemetry: { ...section, ...(hasOtlp && { Otlp: { Endpoint: collector } }) } },
    },
  });
  const plugins = section === undefined ? [lb()] : [telemetry(), lb()];
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

async function open(port) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  );
  await once(socket, 'data');
  return socket;
}

async function handshakes(port) {
  for (let done = 0; done < HANDSHAKES; done += WINDOW) {
    const sockets = await Promise.all(Array.from({ length: WINDOW }, () => open(port)));
    for (const socket of sockets) socket.destroy();
  }
}

async function messages(port) {
  const socket = await open(port);
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
async function cost(child, port, work, count) {
  const before = await asked(child, 'cpu');
  await work(port);
  const after = await asked(child, 'cpu');
  return (after.user + after.system - before.user - before.system) / count;
}

async function asked(child, what) {
  child.send(what);
  const [answer] = await once(child, 'message');
  return answer;
}

async function main() {
  const rounds = Number(process.argv[2] ?? 5);
  const echo = await backend();
  const collector = createHttpServer((request, response) => request.resume().once('end', () => response.end('{}')));
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const gateways = [];
  for (const name of Object.keys(VARIANTS)) {
    const child = fork(fileURLToPath(import.meta.url), {
      env: {
        ...process.env,
        BENCH_VARIANT: name,
        BENCH_BACKEND: echo.address().port,
        BENCH_COLLECTOR: collector.address().port,
      },
    });
    const [port] = await once(child, 'message');
    await handshakes(port); // Warm-up: compiled code, not its interpreter.
    gateways.push({ name, child, port, handshake: Infinity, message: Infinity });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const one of gateways) {
      one.handshake = Math.min(one.handshake, await cost(one.child, one.port, handshakes, HANDSHAKES));
      one.message = Math.min(one.message, await cost(one.child, one.port, messages, MESSAGES));
    }
  }
  process.stdout.write('| Telemetry | handshake and end, µs | message and its echo, µs |\n| --- | --- | --- |\n');
  for (const { name, child, handshake, message } of gateways) {
    process.stdout.write(`| ${name} | ${handshake.toFixed(0)} | ${message.toFixed(2)} |\n`);
    child.send('stop');
  }
  echo.close();
  collector.close();
}

const variant = process.env['BENCH_VARIANT'];
if (variant === undefined) await main();
else
  await serve(
    Number(process.env['BENCH_BACKEND']),
    VARIANTS[variant],
    `http://127.0.0.1:${process.env['BENCH_COLLECTOR']}`,
  );
