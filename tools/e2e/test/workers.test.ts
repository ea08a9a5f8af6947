// Situation: one gateway in several processes (--workers) on one port.
// Action: crashes, signals, reloads, a primary that dies.
// Expected: it behaves as one gateway, and what happens to one worker is no matter to the sockets of the others.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { echoBackend, type EchoBackend } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { temporaryFolder } from '../src/run-ocelot.js';
import { accepts, isAlive, runWorkers, type RunningWorkers } from '../src/run-workers.js';
import { talk } from '../src/talk.js';

const WORKERS = 3;

let service: EchoBackend;

beforeEach(async () => {
  service = await echoBackend();
});

afterEach(() => service.close());

const config = (route: object = {}, gateway: object = {}): object => ({
  Routes: [
    {
      UpstreamPathTemplate: '/{everything}',
      DownstreamPathTemplate: '/{everything}',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
      ...route,
    },
  ],
  GlobalConfiguration: { Gateway: gateway },
});

/** A gateway with workers, ended with the test; no process may be left then. */
async function run(file: object = config(), ...args: string[]): Promise<RunningWorkers> {
  const gateway = await runWorkers(file, WORKERS, ...args);
  onTestFinished(async () => {
    expect(await gateway.end()).toEqual([]);
  });
  return gateway;
}

describe('a gateway with workers', () => {
  it('prints its address once, carries sockets in all workers, and drains with 1012 and 0 on SIGTERM (S25)', async () => {
    const gateway = await run();
    expect(new Set(gateway.pids()).size).toBe(WORKERS);
    const clients = await gateway.open(12);
    for (const client of clients) expect(await client.ask('hello')).toBe('hello');

    gateway.signal('SIGTERM');

    for (const client of clients) expect(await client.closed).toMatchObject({ code: 1012 });
    const stdout = `listening on http://${gateway.authority}\n`;
    expect(await gateway.ended()).toMatchObject({ code: 0, stdout });
    const lines = gateway.logs();
    expect(lines.every(({ worker }) => typeof worker === 'number')).toBe(true);
    expect(lines.at(-1)).toMatchObject({ worker: 0, workers: WORKERS, clean: 12, killed: 0, msg: 'stopped' });
  });

  it('replaces a worker that is killed, and the sockets of the others go on', async () => {
    const gateway = await run();
    const clients = await gateway.open(12);
    const victim = gateway.pidOf(2);

    process.kill(victim, 'SIGKILL');

    await gateway.log(({ worker, signal, pid }) => worker === 2 && signal === 'SIGKILL' && pid === victim);
    await gateway.log((line) => accepts(line) && line['worker'] === 2 && line['pid'] !== victim);
    const left = clients.filter(({ socket }) => socket.readyState === socket.OPEN);
    expect(left.length).toBeGreaterThan(0);
    for (const client of left) expect(await client.ask('still there?')).toBe('still there?');
    expect(gateway.logs().filter(({ msg }) => msg === 'session closed')).toEqual([]);
    for (const client of await gateway.open(6)) expect(await client.ask('new')).toBe('new');
    expect(await gateway.stop()).toMatchObject({ code: 0 });
    expect(gateway.logs().at(-1)).toMatchObject({ msg: 'stopped', clean: left.length + 6 });
  });

  it('keeps its port when all workers are killed at the same moment', async () => {
    const gateway = await run();
    for (const pid of gateway.pids()) process.kill(pid, 'SIGKILL');
    await expect.poll(() => gateway.pids().length, { timeout: 8_000 }).toBe(2 * WORKERS);
    for (const client of await gateway.open(3)) expect(await client.ask('hello')).toBe('hello');
  });

  it('drains once when a signal reaches the whole process group, as Ctrl-C in a terminal does', async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    await writeFile(join(folder.path, 'ocelot.json'), JSON.stringify(config()));
    const bin = join(import.meta.dirname, '../../../packages/cli/dist/bin.js');
    const args = [bin, 'run', '--port', '0', '--workers', '2', '--log-format', 'json'];
    const child = spawn(process.execPath, args, {
      cwd: folder.path,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (log += text));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const client = await talk(String(line).replace('listening on http', 'ws').trim());

    process.kill(-Number(child.pid), 'SIGINT');

    expect(await client.closed).toMatchObject({ code: 1012 });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(log.match(/"signal":"SIGINT"/g)).toHaveLength(1);
  });

  it('ends at once with 1 after a second signal, although a worker hangs', async () => {
    const gateway = await run();
    process.kill(gateway.pidOf(1), 'SIGSTOP');
    gateway.signal('SIGTERM');
    await gateway.log(({ msg }) => String(msg).startsWith('stopping'));
    gateway.signal('SIGTERM');
    expect(await gateway.ended()).toMatchObject({ code: 1, stderr: expect.stringContaining('second signal') });
  });

  it('leaves no worker behind when its primary is killed: they drain and end', async () => {
    const gateway = await run();
    const clients = await gateway.open(6);

    gateway.signal('SIGKILL');

    for (const client of clients) expect(await client.closed).toMatchObject({ code: 1012 });
    await expect.poll(() => gateway.pids().filter(isAlive), { timeout: 8_000 }).toEqual([]);
  });
});

describe('a reload with workers', () => {
  it('brings all of them to the same revision, and a worker that starts later as well', async () => {
    const gateway = await run();
    await gateway.write(config({ UpstreamPathTemplate: '/new/{everything}' }));
    gateway.signal('SIGHUP');
    await gateway.log(({ msg, revision }) => msg === 'configuration reloaded' && revision === 2);
    const applied = gateway.logs().filter(({ msg, revision }) => msg === 'configuration applied' && revision === 2);
    expect(applied.map(({ worker }) => Number(worker)).toSorted((one, other) => one - other)).toEqual([1, 2, 3]);

    process.kill(gateway.pidOf(3), 'SIGKILL');
    await gateway.log((line) => accepts(line) && line['worker'] === 3 && line['revision'] === 2);

    for (let index = 0; index < 6; index += 1) {
      expect(await gateway.statusOf('/old')).toBe(404);
      expect(await gateway.statusOf('/new/x')).toBe(101);
    }
  });

  it('changes nothing in any worker when the configuration cannot be used, and says why once', async () => {
    const gateway = await run();
    await gateway.write(config({ LoadBalancerOptions: { Type: 'Unheard' } }));
    gateway.signal('SIGHUP');
    await gateway.log(({ msg }) => msg === 'configuration not reloaded: revision 1 stays in force');
    expect(gateway.logs().filter(({ msg }) => String(msg).includes('Unheard'))).toHaveLength(1);
    for (const client of await gateway.open(6)) expect(await client.ask('hello')).toBe('hello');
    expect(gateway.pids()).toHaveLength(WORKERS);
  });

  it('replaces a worker that cannot follow the others, so that none is left behind', async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    // Only the first process numbered 2 refuses: a plugin should not know where it runs, but may.
    const plugin = `import cluster from 'node:cluster';
      const forRoute = (route) => {
        if (cluster.worker?.id === 2 && route.metadata.refused === 'true') throw new Error('not in this process');
      };
      const stage = { name: 'picky', phase: 'admit', forRoute };
      export default { name: 'picky', setup: (registry) => registry.stage(stage) };`;
    await writeFile(join(folder.path, 'picky.mjs'), plugin);
    const gateway = await run(config(), '--plugin', join(folder.path, 'picky.mjs'));
    const before = gateway.pids();
    await gateway.write(config({ Metadata: { refused: 'true' } }));
    gateway.signal('SIGHUP');

    await gateway.log(({ msg, revision }) => msg === 'configuration reloaded' && revision === 2);
    const { worker } = await gateway.log(({ msg }) => String(msg).startsWith('worker cannot use the configuration'));
    await gateway.log((line) => accepts(line) && line['worker'] === worker && line['revision'] === 2);

    for (const client of await gateway.open(6)) expect(await client.ask('hello')).toBe('hello');
    expect(gateway.pids()).toHaveLength(before.length + 1);
  });

  it('comes by itself with --watch, once for all workers', async () => {
    const gateway = await run(config(), '--watch');
    await gateway.write(config({ UpstreamPathTemplate: '/new/{everything}' }));
    await gateway.log(({ msg, revision }) => msg === 'configuration reloaded' && revision === 2);
    for (let index = 0; index < WORKERS; index += 1) expect(await gateway.statusOf('/old')).toBe(404);
  });
});
