// Situation: thousands of WebSockets, idle, or coming and going all the time (S23).
// Action: they are opened, left alone and drained; others are opened, used, and closed or reset, for seconds.
// Expected: a socket costs little memory, a drain closes each in order, and coming and going leaves nothing behind.
// LONG_TESTS asks for 10,000 idle sockets and for minutes of coming and going.
import { eventually } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { GatewayProcess, HAS_PROC } from '../black-box/gateway-process.js';
import { route } from '../black-box/stand.js';
import { affordable, crowd, crowdBackend, Member, type CrowdBackend } from './crowd.js';

const IS_LONG = process.env.LONG_TESTS !== undefined;
const IDLE_SOCKETS = IS_LONG ? 10_000 : 2000;
const COMING_AND_GOING = IS_LONG ? 200_000 : 3000;
/** Twice what it costs at the time of writing: this is for what gets lost per socket, the benchmark for the rest. */
const BYTES_PER_SOCKET = 24 * 1024;
/** What the heap may differ by from one moment to another; a leak shows with LONG_TESTS. */
const GROWTH_BYTES = 24 * 1_048_576;

let backend: CrowdBackend;
beforeAll(async () => {
  backend = await crowdBackend();
});
afterAll(() => backend.close());

const start = (): Promise<RunningOcelot> =>
  runOcelot({
    Routes: [route('/{everything}', backend.port)],
    GlobalConfiguration: { Gateway: { Drain: { SpreadMs: 1000, DeadlineMs: 10_000 } } },
  });

/** The gateway ends in order: everything that was open is closed with its consent, and the log says so. */
async function stopped(gateway: RunningOcelot, open: number): Promise<void> {
  const { code, stderr } = await gateway.stop();
  const report = gateway.logs().find((line) => line.msg === 'drained');
  expect(report).toMatchObject({ clean: open, killed: 0 });
  expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
  expect(gateway.logs().filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  expect(code).toBe(0);
  await eventually(() => backend.open === 0, 'the backend seeing the end of every connection');
}

describe.runIf(HAS_PROC)('thousands of sockets', () => {
  it('that are idle cost little, and a drain closes each of them in order', { timeout: 120_000 }, async () => {
    const gateway = await start();
    const seen = new GatewayProcess(gateway.port);
    await crowd(200, async (index) => (await Member.join(gateway.port, `/warm/${index}`)).leave());
    const before = seen.residentBytes;
    const count = affordable(IDLE_SOCKETS);
    const members = await crowd(count, (index) => Member.join(gateway.port, `/idle/${index}`));
    expect(backend.open).toBe(count);
    const bytesEach = Math.round((seen.residentBytes - before) / count);
    process.stdout.write(`${count} idle sockets: ${bytesEach} bytes of resident memory each\n`);
    expect(bytesEach).toBeLessThanOrEqual(BYTES_PER_SOCKET);
    await Promise.all(members.slice(0, 100).map((member, index) => member.echo(`here ${index}`)));

    await stopped(gateway, count);
    await Promise.all(members.map(({ closed }) => closed));
    expect(new Set(members.map(({ closeCode }) => closeCode))).toEqual(new Set([1012]));
  });

  it('that come and go leave no file, socket or session behind', { timeout: 900_000 }, async () => {
    const gateway = await start();
    const seen = new GatewayProcess(gateway.port);
    const visit = async (index: number): Promise<void> => {
      const member = await Member.join(gateway.port, `/visit/${index}`);
      await member.echo(`hello ${index}`);
      if (index % 10 === 0) member.reset();
      else await member.leave();
    };
    const files = seen.files;
    // The first half lets the process find its size.
    await crowd(COMING_AND_GOING / 2, visit);
    await eventually(() => seen.files <= files, 'every file of the first half being closed');
    const before = seen.residentBytes;
    const started = performance.now();
    await crowd(COMING_AND_GOING / 2, visit);
    const seconds = (performance.now() - started) / 1000;
    await eventually(() => seen.files <= files, 'every file of the second half being closed');
    const grown = seen.residentBytes - before;
    const rate = Math.round(COMING_AND_GOING / 2 / seconds);
    process.stdout.write(
      `${COMING_AND_GOING} sockets came and went, ${rate} a second: ${grown} bytes more at the end\n`,
    );
    expect(grown).toBeLessThanOrEqual(GROWTH_BYTES);
    await stopped(gateway, 0);
  });
});
