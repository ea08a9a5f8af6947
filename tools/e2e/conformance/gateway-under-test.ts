import { fileURLToPath } from 'node:url';

import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';
import type { CaseRoute, Mode } from './conformance-case.js';
import type { LogLine } from './judge.js';

const PLUGIN = fileURLToPath(new URL('conformance-plugin.mjs', import.meta.url));

/** What each route of the cases allows. */
export const LIMITS = { maxMessageBytes: 1000, maxFramesPerMessage: 8, maxFrameRate: 50 } as const;

const ROUTES: Readonly<Record<CaseRoute, object>> = {
  plain: {},
  'max-bytes': { MaxMessageBytes: LIMITS.maxMessageBytes },
  'max-frames': { MaxFramesPerMessage: LIMITS.maxFramesPerMessage },
  'max-rate': { MaxFrameRate: LIMITS.maxFrameRate },
};

/** What makes a route one of its mode. Messages mode compresses by itself, with whoever wants to. */
const OWN_KEYS: Readonly<Record<Mode, object>> = {
  framed: {},
  opaque: { Transfer: 'opaque' },
  messages: { Compression: { Legs: 'both', ThresholdBytes: 0, WindowBits: 15, ContextTakeover: true } },
};

/** A route to the backend of the cases, `/MODE-NAME/…`, with this `Gateway` section. */
export function conformanceRoute(name: string, mode: Mode, backendPort: number, gateway: object): object {
  const path = `/${mode}-${name}/{everything}`;
  return {
    UpstreamPathTemplate: path,
    DownstreamPathTemplate: path,
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backendPort }],
    Gateway: { ...OWN_KEYS[mode], ...gateway },
  };
}

/** Starts the built gateway in one mode, with a route for each kind of case. */
export function startGateway(mode: Mode, backendPort: number): Promise<RunningOcelot> {
  const routes = Object.entries(ROUTES).map(([name, gateway]) => conformanceRoute(name, mode, backendPort, gateway));
  return startWith({ Routes: routes });
}

/** Starts the built gateway with the plugin that brings message hooks, and names connections for {@link sessionLines}. */
export function startWith(config: object): Promise<RunningOcelot> {
  return runOcelot(config, { args: ['--plugin', PLUGIN] });
}

interface ReadLines {
  readonly size: number;
  readonly lines: ReadonlyMap<string, LogLine>;
}

/** What was read last: many wait for their lines at once, and a log of thousands is not parsed for each of them. */
const readBefore = new WeakMap<RunningOcelot, ReadLines>();

/** The line about the end of each connection so far, by request target. */
export function sessionLines(gateway: RunningOcelot): ReadonlyMap<string, LogLine> {
  const { stdout, stderr } = gateway.output();
  const size = stdout.length + stderr.length;
  const before = readBefore.get(gateway);
  if (before?.size === size) return before.lines;
  const lines = parseLines(gateway);
  readBefore.set(gateway, { size, lines });
  return lines;
}

function parseLines(gateway: RunningOcelot): ReadonlyMap<string, LogLine> {
  const logs = gateway.logs();
  const targets = new Map(
    logs.filter(({ msg }) => msg === 'conformance run').map((line) => [line['exchange'], String(line['target'])]),
  );
  const closed = logs.filter(({ msg }) => msg === 'session closed');
  return new Map(closed.map((line) => [targets.get(line['exchange']) ?? '', line]));
}
