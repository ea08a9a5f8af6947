// A plugin that runs inside the gateway under test and says, when asked, what the process holds. It uses what any
// plugin may use, and Node's own view of the heap; it takes part in every upgrade, so it stays small.
import { IncomingMessage } from 'node:http';
import { Server, Socket } from 'node:net';
import * as v8 from 'node:v8';

import type { EndpointLoad, Gateway, Plugin, Registry } from '@ocelot/core';

import { conversationOf } from './http-head.js';
import { ASK, type ProbeReport } from './probe-report.js';

/** A class whose objects can be counted. */
type Counted = abstract new (...args: never[]) => object;

const counts = { exchanges: 0, opened: 0, closed: 0, refused: 0 };
const endpoints = new Set<EndpointLoad>();
const warnings: string[] = [];
let gateway: Gateway | undefined;

/** How often the active resources are read for one report, and how far apart. */
const READINGS = 4;
const READING_MS = 5;

/** Loaded with `--plugin`. */
export const plugin: Plugin = {
  name: 'soak-probe',
  setup(registry) {
    registry.balancing('SoakLeases', () => ({ pick: pickLeast }));
    registry.stage({
      name: 'soak',
      phase: 'admit',
      forRoute: () => (exchange) => {
        const { path, query } = exchange.request;
        exchange.log.info({ soak: conversationOf(`GET ${path}${query}`) }, 'soak admitted');
        counts.exchanges += 1;
        exchange.defer(() => {
          counts.exchanges -= 1;
        });
      },
    });
    tapMessages(registry);
    registry.telemetry({
      record({ type }) {
        if (type === 'session.opened') counts.opened += 1;
        else if (type === 'session.closed') counts.closed += 1;
        else if (type === 'upgrade.refused') counts.refused += 1;
      },
    });
    // A relay gets the gateway; this one leaves every upgrade to the real one.
    registry.relay({
      kind: 'upgrade',
      listener(running) {
        gateway = running;
        return () => undefined;
      },
    });
    process.on('warning', ({ name, message }) => {
      if (name !== 'ExperimentalWarning') warnings.push(`${name}: ${message}`);
    });
    process.on('message', (message) => {
      if (message === ASK) void report().then((answer) => process.send?.(answer));
    });
    // Whoever soaks is gone: nobody will stop this process.
    process.once('disconnect', () => process.exit(1));
  },
};

function pickLeast(candidates: readonly EndpointLoad[]): EndpointLoad {
  const [first] = candidates;
  if (first === undefined) throw new Error('a balancer never gets an empty list');
  let least = first;
  for (const candidate of candidates) {
    endpoints.add(candidate);
    if (candidate.inFlight < least.inFlight) least = candidate;
  }
  return least;
}

/** Routes of messages mode get a hook that changes nothing, at once or a little later. */
function tapMessages(registry: Registry): void {
  let count = 0;
  registry.tap({
    name: 'soak',
    forRoute(route) {
      const { UpstreamPathTemplate: path } = route.file;
      if (typeof path !== 'string' || !path.startsWith('/messages/')) return undefined;
      return {
        message: () => (message) => {
          count += 1;
          if (count % 4 !== 0) return message;
          return new Promise((resolve) => setImmediate(() => resolve(message)));
        },
      };
    },
  });
}

async function report(): Promise<ProbeReport> {
  const resources = await countResources();
  const objects = countObjects();
  const { rss, heapUsed, external } = process.memoryUsage();
  let leases = 0;
  for (const endpoint of endpoints) {
    leases += endpoint.inFlight;
    if (endpoint.inFlight === 0) endpoints.delete(endpoint);
  }
  return {
    memory: { rss, heapUsed, external },
    sessions: gateway?.openSessions ?? 0,
    leases,
    ...counts,
    resources,
    objects,
    listeners: countListeners(),
    warnings,
  };
}

/**
 * The least of each kind in several readings: what is held is in all of them, while an immediate or a timer that
 * just passes by, such as that of the last line of the log, is not.
 */
async function countResources(): Promise<Readonly<Record<string, number>>> {
  let least = activeResources();
  for (let reading = 1; reading < READINGS; reading += 1) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, READING_MS);
    });
    const next = activeResources();
    // The timer of this reading is over when the next one is taken.
    least = Object.fromEntries(Object.entries(least).map(([kind, count]) => [kind, Math.min(count, next[kind] ?? 0)]));
  }
  return least;
}

function activeResources(): Readonly<Record<string, number>> {
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  return resources;
}

/** Counting collects garbage first. */
function countObjects(): Readonly<Record<string, number>> {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  const classes: Readonly<Record<string, Counted>> = {
    Socket,
    IncomingMessage,
    AbortController,
    Timeout: timer.constructor as Counted,
  };
  globalThis.gc?.();
  // In Node from 20.13 on; without it the other counts have to do.
  const query = (v8 as { queryObjects?: (of: Counted, options: { format: 'count' }) => number }).queryObjects;
  if (query === undefined) return {};
  return Object.fromEntries(Object.entries(classes).map(([name, of]) => [name, query(of, { format: 'count' })]));
}

function countListeners(): number {
  const emitters: NodeJS.EventEmitter[] = [process];
  // Node's own list of what keeps the process alive; the documented list has names only.
  const handles: unknown = Reflect.get(process, '_getActiveHandles');
  const alive: unknown = typeof handles === 'function' ? handles.call(process) : [];
  for (const handle of Array.isArray(alive) ? alive : []) if (handle instanceof Server) emitters.push(handle);
  let listeners = 0;
  for (const emitter of emitters) {
    for (const event of emitter.eventNames()) listeners += emitter.listenerCount(event);
  }
  return listeners;
}
