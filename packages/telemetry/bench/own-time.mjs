// What the plugin's own code takes for one connection, from its request to the end of its socket: processor time in
// microseconds, without the gateway and its sockets around it. Steadier than `cost.mjs`, which measures all of it.
//
//   node tools/build.mjs && node packages/telemetry/bench/own-time.mjs
//
// Nothing listens and nothing is sent; it ends by itself within half a minute.
import { performance } from 'node:perf_hooks';

import { readConfiguration } from '@ocelot/core';
import { telemetry } from '@ocelot/telemetry';

const CONNECTIONS = 20_000;
const ROUNDS = 12;
const ENDPOINT = { host: '127.0.0.1', port: 8080, weight: 1, tags: [], metadata: {} };
const NO_TRAFFIC = { messages: 0, bytes: 0 };
const VARIANTS = {
  metrics: { Prometheus: true },
  'traces, all recorded': { Traces: true },
  'traces, none recorded': { Traces: true, SampleRatio: 0 },
  'metrics and traces': { Prometheus: true, Traces: true },
};

/** The plugin, set up with a registry that keeps what it registers. */
async function plugin(section) {
  const config = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/chat/{room}',
        DownstreamPathTemplate: '/chat/{room}',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: ENDPOINT.host, Port: ENDPOINT.port }],
      },
    ],
    GlobalConfiguration: { Gateway: { Telemetry: section } },
  });
  const log = { child: () => log, debug() {}, info() {}, warn() {}, error() {} };
  const clock = { now: () => performance.now(), setTimer: () => ({ clear() {} }) };
  const kept = { stages: new Map() };
  await telemetry().setup({
    host: { log, clock, random: Math.random, record() {} },
    configuration: (hook) => (kept.hook = hook),
    telemetry: (sink) => (kept.sink = sink),
    stage: (definition) => kept.stages.set(definition.name, definition),
    tap() {},
    control() {},
    onClose: (close) => (kept.close = close),
  });
  await kept.hook.prepare(config);
  kept.hook.applied(config);
  const [route] = config.routes;
  const stages = [...kept.stages.values()].map((stage) => stage.forRoute(route, config)).filter(Boolean);
  return { route, stages, sink: kept.sink, close: kept.close };
}

/** One connection, as core and the relay tell it. */
function connection({ route, stages, sink }, exchangeId) {
  const slots = new Map();
  let end;
  const exchange = {
    id: exchangeId,
    route,
    clientAddress: '127.0.0.1',
    request: {
      kind: 'upgrade',
      method: 'GET',
      host: 'a',
      authority: 'a',
      path: '/chat/1',
      client: { tls: false, address: '127.0.0.1' },
      header() {},
    },
    outgoing: { headers: { set() {}, delete() {} } },
    set: (slot, value) => slots.set(slot, value),
    get: (slot) => slots.get(slot),
    defer: (callback) => (end = callback),
  };
  const of = { exchangeId, routeId: route.id, endpoint: ENDPOINT };
  for (const stage of stages) stage(exchange);
  sink.record({ type: 'attempt.started', ...of });
  sink.record({ type: 'attempt.ended', ...of, outcome: 'answered', status: 101, durationMs: 1.2 });
  const session = { fromClient: NO_TRAFFIC, fromBackend: NO_TRAFFIC };
  sink.record({ type: 'session.opened', ...of, session, handshakeMs: 1.5 });
  const summary = { ...of, closedBy: 'client', closeCode: 1000, durationMs: 20, ...session };
  sink.record({ type: 'session.closed', summary });
  end({ outcome: 'completed' });
}

process.stdout.write('| Telemetry | one connection, µs |\n| --- | --- |\n');
for (const [name, section] of Object.entries(VARIANTS)) {
  const one = await plugin(section);
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let count = 0; count < CONNECTIONS; count += 1) connection(one, `${round}-${count}`);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / CONNECTIONS);
  }
  process.stdout.write(`| ${name} | ${least.toFixed(0)} |\n`);
  await one.close();
}
