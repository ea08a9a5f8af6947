// Situation: one gateway in several processes (--workers), more clients than it may have, several endpoints.
// Action: sockets through all workers.
// Expected: limits are exact, and load balancers stay as fair as docs/guides/scale.md says.
import { setTimeout as sleep } from 'node:timers/promises';

import { echoBackend, type EchoBackend } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';

import { runWorkers, type RunningWorkers } from '../src/run-workers.js';

const WORKERS = 3;
/** Longer than word of a change is on its way (20 ms from the worker, 20 ms to the others), on a busy machine too. */
const WORD_MS = 120;

async function backends(count: number): Promise<EchoBackend[]> {
  const started = await Promise.all(Array.from({ length: count }, () => echoBackend()));
  onTestFinished(async () => {
    await Promise.all(started.map((each) => each.close()));
  });
  return started;
}

async function run(endpoints: readonly EchoBackend[], route: object): Promise<RunningWorkers> {
  const gateway = await runWorkers(
    {
      Routes: [
        {
          UpstreamPathTemplate: '/{everything}',
          DownstreamPathTemplate: '/{everything}',
          DownstreamScheme: 'ws',
          DownstreamHostAndPorts: endpoints.map(({ port }) => ({ Host: '127.0.0.1', Port: port })),
          ...route,
        },
      ],
    },
    WORKERS,
  );
  onTestFinished(async () => {
    expect(await gateway.end()).toEqual([]);
  });
  return gateway;
}

const openOn = (endpoints: readonly EchoBackend[]): number[] => endpoints.map(({ sockets }) => sockets.size);

describe('limits with workers', () => {
  it('hold MaxConnections exactly, also when upgrades come at the same moment', async () => {
    const gateway = await run(await backends(1), { Gateway: { MaxConnections: 5 } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.statusOf()));
    expect(answers.filter((status) => status === 101)).toHaveLength(5);
    expect(answers.filter((status) => status === 503)).toHaveLength(15);
  });

  it('hold MaxConnectionsPerIp exactly, and free the places of a worker that crashed', async () => {
    const endpoints = await backends(1);
    const gateway = await run(endpoints, { Gateway: { MaxConnectionsPerIp: 12 } });
    const clients = await gateway.open(12);
    expect(await gateway.statusOf()).toBe(429);

    process.kill(gateway.pidOf(1), 'SIGKILL');
    await gateway.log(({ worker, signal }) => worker === 1 && signal === 'SIGKILL');
    await gateway.log(
      ({ worker, pid, msg }) => worker === 1 && pid !== undefined && msg === 'worker accepts connections',
    );
    const left = (): number => clients.filter(({ socket }) => socket.readyState === socket.OPEN).length;
    await expect.poll(() => openOn(endpoints)[0] === left()).toBe(true);
    const lost = 12 - left();

    const answers = await Promise.all(Array.from({ length: 12 }, () => gateway.statusOf()));
    expect(answers.filter((status) => status === 101)).toHaveLength(lost);
  });
});

describe('load balancers with workers', () => {
  it('choose the endpoint with the fewest sockets of all workers (LeastConnection)', async () => {
    const endpoints = await backends(3);
    const gateway = await run(endpoints, { LoadBalancerOptions: { Type: 'LeastConnection' } });
    for (let index = 0; index < 9; index += 1) {
      await gateway.open(1);
      await sleep(WORD_MS);
    }
    const counts = openOn(endpoints);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  it('differ by at most as many sockets as there are workers when each takes turns (RoundRobin)', async () => {
    const endpoints = await backends(4);
    const gateway = await run(endpoints, { LoadBalancerOptions: { Type: 'RoundRobin' } });
    await gateway.open(14);
    const counts = openOn(endpoints);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(WORKERS);
  });

  it('send a session to the same endpoint through every worker (CookieStickySessions)', async () => {
    const endpoints = await backends(3);
    const gateway = await run(endpoints, { LoadBalancerOptions: { Type: 'CookieStickySessions', Key: 'sid' } });
    for (const session of ['one', 'two', 'three']) {
      const before = openOn(endpoints);
      await Promise.all(Array.from({ length: 6 }, () => gateway.open(1, { cookie: `sid=${session}` })));
      const grown = openOn(endpoints).map((count, index) => count - (before[index] ?? 0));
      expect(grown.toSorted((one, other) => one - other)).toEqual([0, 0, 6]);
    }
  });
});
