import { eventually } from '@ocelot/test-support';

import { SIDES, STYLES, type ConformanceCase, type Mode, type Side, type Style } from './conformance-case.js';
import type { RunningOcelot } from '../src/run-ocelot.js';
import { sessionLines, startGateway } from './gateway-under-test.js';
import { judge } from './judge.js';
import { BackendPort } from './opened.js';
import { runCase, type CaseRun, type Course } from './run-case.js';

/** Connections at a time: enough to keep both cores busy, few enough for every wait to be short. */
const AT_ONCE = 24;

/** One case from one side in one style, and what is wrong with it. */
export interface CaseResult {
  readonly name: string;
  readonly rule: string;
  readonly from: Side;
  readonly style: Style;
  /** Empty: the gateway passed. */
  readonly problems: readonly string[];
}

interface Job {
  readonly subject: ConformanceCase;
  readonly from: Side;
  readonly style: Style;
}

/** Whether a case says anything about a mode. */
export function appliesTo(subject: ConformanceCase, mode: Mode): boolean {
  return subject.modes === undefined || subject.modes.includes(mode);
}

/** Runs every case against one gateway in `mode`, from both sides and in every style, and again without a gateway. */
export async function runSuite(mode: Mode, cases: readonly ConformanceCase[]): Promise<readonly CaseResult[]> {
  const chosen = cases.filter((subject) => appliesTo(subject, mode));
  const backend = await BackendPort.listen();
  const gateway = await startGateway(mode, backend.port);
  try {
    const jobs = chosen.flatMap((subject) => jobsOf(subject));
    // Messages mode writes its own frames: what both ends see is then no matter of bytes.
    const direct = mode === 'messages' ? new Map<string, CaseRun>() : await runDirect(backend, chosen);
    const course = courseOf(mode, gateway.port, backend);
    const runs = await pooled(jobs, (job) => attempt(course, job));
    const ended = runs.filter((run) => !(run instanceof Error)).length;
    await everyLine(gateway, ended);
    const lines = sessionLines(gateway);
    return jobs.map(({ subject, from, style }, index) => {
      const run = runs[index];
      const problems =
        run === undefined || run instanceof Error
          ? [run?.message ?? 'it was not run']
          : judge(run, mode, direct.get(`${subject.name} ${from}`), lines.get(run.target));
      return { name: subject.name, rule: subject.rule, from, style, problems };
    });
  } finally {
    await gateway.stop();
    await backend.close();
  }
}

/** Waits until the log tells about so many connections. @throws with what the gateway said when it died of a case. */
async function everyLine(gateway: RunningOcelot, count: number): Promise<void> {
  const hasDied = (): boolean => gateway.output().code !== null;
  await eventually(() => hasDied() || sessionLines(gateway).size >= count, 'a log line about every connection');
  if (hasDied()) throw new Error(`the gateway died: ${gateway.output().stderr.slice(-3000)}`);
}

/** Runs every case once from each side without anybody between the ends, by case and side. */
async function runDirect(
  backend: BackendPort,
  cases: readonly ConformanceCase[],
): Promise<ReadonlyMap<string, CaseRun>> {
  const course = courseOf('direct', backend.port, backend);
  // To whom a limit of the gateway is unknown, such a stream has no end.
  const unlimited = cases.filter(({ errorCode, route }) => errorCode === undefined || route === undefined);
  const jobs = unlimited.flatMap((subject) =>
    (subject.from ?? SIDES).map((from): Job => ({ subject, from, style: 'framewise' })),
  );
  const runs = await pooled(jobs, ({ subject, from, style }) => runCase(course, subject, from, style));
  return new Map(runs.map((run) => [`${run.subject.name} ${run.from}`, run]));
}

function jobsOf(subject: ConformanceCase): readonly Job[] {
  return (subject.from ?? SIDES).flatMap((from) =>
    (subject.styles ?? STYLES).map((style) => ({ subject, from, style })),
  );
}

let runs = 0;

function courseOf(name: Mode | 'direct', port: number, backend: BackendPort): Course {
  return { mode: name, port, backend, target: ({ route = 'plain' }) => `/${name}-${route}/${(runs += 1)}` };
}

async function attempt(course: Course, { subject, from, style }: Job): Promise<CaseRun | Error> {
  try {
    return await runCase(course, subject, from, style);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Runs `work` for each item, a few at a time, and keeps their order. */
async function pooled<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
