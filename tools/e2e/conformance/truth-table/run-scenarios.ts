import { eventually } from '@ocelot/test-support';

import { FrameWriter, SIDES, type Mode, type Side } from '../conformance-case.js';
import { conformanceRoute, sessionLines, startWith } from '../gateway-under-test.js';
import { type LogLine } from '../judge.js';
import { BackendPort, openPair } from '../opened.js';
import { StrictPeer, type PeerRecord } from '../strict-peer.js';
import type { Ends, EndScenario } from './end-scenario.js';

/** What became of one scenario in one mode. */
export interface Observation {
  readonly scenario: EndScenario;
  readonly mode: Mode;
  readonly client: PeerRecord;
  readonly backend: PeerRecord;
  /** Undefined: the session did not end, and its peers were destroyed. */
  readonly line: LogLine | undefined;
  /** From the cause to the end of both connections. */
  readonly tookMs: number;
}

interface OpenSession {
  readonly scenario: EndScenario;
  readonly mode: Mode;
  /** Of its route. */
  readonly name: string;
  readonly ends: Ends;
}

/** A drain is over soon, and peers that ignore it are cut while they still hold their sockets. */
const DRAIN = { DeadlineMs: 2500, SpreadMs: 0 };

/** Longest wait for the end of a session; the limits of the scenarios are below a second, or a minute. */
const PATIENCE_MS = 20_000;

/** Runs every scenario in each of its modes through one gateway: first what happens by itself, then the drain. */
export async function observe(
  scenarios: readonly EndScenario[],
  modes: readonly Mode[],
): Promise<readonly Observation[]> {
  const backend = await BackendPort.listen();
  const jobs = scenarios.flatMap((scenario, index) =>
    scenario.modes
      .filter((mode) => modes.includes(mode))
      .map((mode) => ({ scenario, mode, name: `${scenario.tap ?? 'plain'}-${index}` })),
  );
  const routes = jobs.map(({ scenario, mode, name }) =>
    conformanceRoute(name, mode, backend.port, scenario.gateway ?? {}),
  );
  const gateway = await startWith({ Routes: routes, GlobalConfiguration: { Gateway: { Drain: DRAIN } } });
  try {
    const lineOf = (target: string): Promise<LogLine | undefined> =>
      eventually(() => sessionLines(gateway).get(target), `a log line about ${target}`, PATIENCE_MS).catch(
        () => undefined,
      );
    const run = async (job: Omit<OpenSession, 'ends'>): Promise<Observation> =>
      follow(await open(gateway.port, backend, job), lineOf);
    const calm = await Promise.all(jobs.filter(({ scenario }) => scenario.isDrain !== true).map(run));
    const waiting = await Promise.all(
      jobs.filter(({ scenario }) => scenario.isDrain === true).map((job) => open(gateway.port, backend, job)),
    );
    if (waiting.length > 0) gateway.signal('SIGTERM');
    const drained = await Promise.all(waiting.map((session) => follow(session, lineOf)));
    return [...calm, ...drained];
  } finally {
    await gateway.stop();
    await backend.close();
  }
}

function targetOf({ mode, name }: Pick<OpenSession, 'mode' | 'name'>): string {
  return `/${mode}-${name}/x`;
}

async function open(port: number, backend: BackendPort, job: Omit<OpenSession, 'ends'>): Promise<OpenSession> {
  const pair = await openPair(port, backend, { target: targetOf(job) });
  const writers = { client: new FrameWriter('client'), backend: new FrameWriter('backend') };
  const peer = (side: Side): StrictPeer => {
    const onClose = job.scenario.onClose?.[side] ?? 'answer';
    return new StrictPeer(side, pair[side], { deflate: undefined, echoes: false, onClose }, writers[side]);
  };
  const [client, other] = [peer('client'), peer('backend')];
  const peers = { client, backend: other };
  const ends: Ends = {
    ...peers,
    send: (side, ...frames) =>
      peers[side].play([Buffer.concat(frames.map((parts) => writers[side].frame(parts)))], 'whole'),
    sendOpen: (side, bytes) => peers[side].play([bytes], 'open'),
  };
  return { ...job, ends };
}

async function follow(
  { scenario, mode, name, ends }: OpenSession,
  lineOf: (target: string) => Promise<LogLine | undefined>,
): Promise<Observation> {
  const started = performance.now();
  await scenario.act?.(ends);
  // A peer that hangs is let go by the gateway long before it lets go itself: the log line tells when.
  const line = await lineOf(targetOf({ mode, name }));
  const tookMs = performance.now() - started;
  if (line === undefined) for (const side of SIDES) ends[side].cut();
  const [client, backend] = await Promise.all(SIDES.map((side) => ends[side].record));
  if (client === undefined || backend === undefined) throw new Error('a session has two sides');
  return { scenario, mode, client, backend, line, tookMs };
}
