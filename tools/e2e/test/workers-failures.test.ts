// Situation: a gateway that is meant to have several processes (--workers) and cannot.
// Action: a port that is taken, a configuration or a plugin that cannot be used, workers that crash or hang.
// Expected: one message, the exit code of a single process, and nothing that stays behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { ocelot, temporaryFolder, type Finished } from '../src/run-ocelot.js';
import { isAlive, runWorkers } from '../src/run-workers.js';

/** The built command. */
const BIN = join(import.meta.dirname, '../../../packages/cli/dist/bin.js');

const route = (more: object = {}): object => ({
  UpstreamPathTemplate: '/',
  DownstreamPathTemplate: '/',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 9 }],
  ...more,
});

/** The command in a folder with these files. */
async function run(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Finished> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
  return ocelot(['run', '--log-format', 'json', ...args], { cwd: folder.path });
}

/** What was said without the log, whose lines carry times. */
function said({ code, stdout, stderr }: Finished): Finished {
  const messages = stderr.split('\n').filter((line) => !line.startsWith('{'));
  return { code, stdout, stderr: messages.join('\n') };
}

const valid = JSON.stringify({ Routes: [route()] });

describe('a start with workers that fails', () => {
  it('ends with 3 and says once that the port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;

    const { code, stdout, stderr } = await run({ 'ocelot.json': valid }, '--workers', '3', '--port', String(port));

    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr.match(/is taken by another process/g)).toHaveLength(1);
  });

  it('ends with 3 when another gateway with workers has the port', async () => {
    const first = await runWorkers({ Routes: [route()] }, 2);
    onTestFinished(async () => void (await first.end()));
    const { code } = await run({ 'ocelot.json': valid }, '--workers', '2', '--port', String(first.port));
    expect(code).toBe(3);
  });

  it.each([
    ['a file that is no configuration', '{ "Routes": ['],
    ['a balancer that nobody registered', JSON.stringify({ Routes: [route({ LoadBalancerOptions: { Type: 'X' } })] })],
  ])('ends with 2 and the messages of a single process for %s', async (_, file) => {
    const single = await run({ 'ocelot.json': file }, '--port', '0');
    const several = await run({ 'ocelot.json': file }, '--port', '0', '--workers', '3');
    expect(single.code).toBe(2);
    expect(said(several)).toEqual(said(single));
  });

  it('ends with 2 and the messages of a single process for a plugin that fails', async () => {
    const bad = `export default { name: 'bad', setup() { throw new Error('no licence'); } };`;
    const files = { 'ocelot.json': valid, 'bad.mjs': bad };
    const single = await run(files, '--port', '0', '--plugin', './bad.mjs');
    const several = await run(files, '--port', '0', '--plugin', './bad.mjs', '--workers', '2');
    expect(single).toMatchObject({ code: 2, stderr: expect.stringContaining('no licence') });
    expect(said(several)).toEqual(said(single));
  });

  it.each(['0', 'x'])('ends with 2 and says what --workers takes for "%s"', async (workers) => {
    const { code, stderr } = await run({ 'ocelot.json': valid }, `--workers=${workers}`);
    expect(code).toBe(2);
    expect(stderr).toContain('It is a number from 1 to 256, or auto: one for each processor.');
  });
});

describe('a start with workers that is given up', () => {
  it('ends in order and leaves no process behind', async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    await writeFile(join(folder.path, 'ocelot.json'), valid);
    // Each worker says that it exists, and then takes its time.
    const slow = `import { appendFileSync } from 'node:fs';
      const setup = async () => {
        appendFileSync(new URL('./pids', import.meta.url), process.pid + '\\n');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      };
      export default { name: 'slow', setup };`;
    await writeFile(join(folder.path, 'slow.mjs'), slow);
    const args = ['run', '--port', '0', '--workers', '2', '--plugin', './slow.mjs'];
    const child = spawn(process.execPath, [BIN, ...args], { cwd: folder.path, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const pids = (): number[] =>
      existsSync(join(folder.path, 'pids'))
        ? readFileSync(join(folder.path, 'pids'), 'utf8').trim().split('\n').map(Number)
        : [];
    await expect.poll(() => pids().length, { timeout: 8_000 }).toBe(1);

    child.kill('SIGTERM');

    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(pids().filter(isAlive)).toEqual([]);
  });
});

describe.concurrent('workers that cannot be kept', () => {
  it('end the gateway with 1 and the cause when they crash again and again', async ({ onTestFinished: atEnd }) => {
    const folder = await temporaryFolder();
    atEnd(() => folder.remove());
    const plugin = join(folder.path, 'crash.mjs');
    // The first two serve for a moment, their replacements crash at once.
    const crash = `import cluster from 'node:cluster';
      const setup = () => (cluster.worker.id > 2 ? process.exit(7) : void setTimeout(() => process.exit(7), 700));
      export default { name: 'crash', setup };`;
    await writeFile(plugin, crash);
    const gateway = await runWorkers({ Routes: [route()] }, 2, '--plugin', plugin);
    atEnd(async () => void (await gateway.end()));

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(1);
    expect(stderr).toMatch(/error: Worker [12] ended 5 times in a row within 10 seconds after its start/);
    expect(gateway.pids().filter(isAlive)).toEqual([]);
  }, 40_000);

  it('are killed when they ignore the stop beyond the deadline and its grace, and the gateway ends with 1', async ({
    onTestFinished: atEnd,
  }) => {
    const Gateway = { Drain: { DeadlineMs: 100, SpreadMs: 0 } };
    const gateway = await runWorkers({ Routes: [route()], GlobalConfiguration: { Gateway } }, 2);
    atEnd(async () => void (await gateway.end()));
    process.kill(gateway.pidOf(1), 'SIGSTOP');

    gateway.signal('SIGTERM');

    const { code, stderr } = await gateway.ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/not closed within 10100 ms/);
    expect(stderr).toMatch(/"worker":1,.*worker killed/);
    expect(gateway.pids().filter(isAlive)).toEqual([]);
  }, 40_000);
});
