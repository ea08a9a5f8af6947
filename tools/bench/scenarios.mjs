// What is measured: how the load generator is driven, and what one unit of work is.

const MIB = 1024 * 1024;

/**
 * @typedef {object} Scenario
 * @property {string} title
 * @property {'cpu' | 'memory'} kind
 * @property {string} unit what the figure is per
 * @property {string} mode of the load generator
 * @property {Record<string, number>} load its options
 * @property {number} unitsPerCount units of work in one thing the generator counts
 * @property {string} does one sentence for --help and the page
 * @property {number} [primeFactor] how much longer than others a proxy works before its first sample: a handshake runs
 *   much more code than a message, each of it rarely, so it takes a proxy on Node long to have it compiled
 * @property {readonly number[]} [routes] sizes of the route table, measured side by side; ours only
 */

/** @type {Record<string, Scenario>} */
export const SCENARIOS = {
  hs: {
    title: 'handshake',
    kind: 'cpu',
    unit: 'connection',
    mode: 'handshake',
    load: { connections: 16, payload: 64 },
    unitsPerCount: 1,
    primeFactor: 3,
    does: 'connect, handshake, one echo, close; 16 at a time. Latency: from connect to the 101.',
  },
  e1: echo(1, 'echo 64 B, 1 connection'),
  e64: echo(64, 'echo 64 B, 64 connections'),
  e1000: echo(1000, 'echo 64 B, 1000 connections'),
  p64w16: {
    ...echo(64, 'pipelined 64 × 16'),
    load: { connections: 64, window: 16, payload: 64 },
    does: '64-byte messages on 64 connections, 16 under way on each.',
  },
  big: {
    title: '1 MiB frames',
    kind: 'cpu',
    unit: 'MiB',
    mode: 'echo',
    load: { connections: 4, payload: MIB },
    unitsPerCount: 2,
    does: 'frames of 1 MiB echoed on 4 connections; an echo moves 2 MiB.',
  },
  push: {
    title: 'push 200 B to 2000',
    kind: 'cpu',
    unit: 'message',
    mode: 'push',
    load: { connections: 2000, payload: 200 },
    unitsPerCount: 1,
    does: 'the backend sends 200 bytes to each of 2000 sockets; the next round starts when all have arrived.',
  },
  idle5k: idle(5000),
  idle10k: idle(10_000),
  routes: {
    title: 'handshake, 10,000 routes to 10',
    kind: 'cpu',
    unit: 'connection',
    mode: 'handshake',
    load: { connections: 16, payload: 64 },
    unitsPerCount: 1,
    primeFactor: 3,
    does: 'the handshake scenario on a table of 10 and of 10,000 routes; ours only.',
    routes: [10, 10_000],
  },
};

export const SCENARIO_NAMES = Object.keys(SCENARIOS);

/** @returns {Scenario} */
function echo(connections, title) {
  return {
    title,
    kind: 'cpu',
    unit: 'message',
    mode: 'echo',
    load: { connections, window: 1, payload: 64 },
    unitsPerCount: 2,
    does: `a 64-byte message there and back on ${connections} connection${connections === 1 ? '' : 's'}, one under way on each; an echo is 2 messages.`,
  };
}

/** @returns {Scenario} */
function idle(connections) {
  return {
    title: `idle, ${connections.toLocaleString('en')} connections`,
    kind: 'memory',
    unit: 'connection',
    mode: 'idle',
    load: { connections, payload: 64 },
    unitsPerCount: 1,
    does: `resident memory of a fresh proxy before and after ${connections.toLocaleString('en')} sockets that echoed once, per socket.`,
  };
}
