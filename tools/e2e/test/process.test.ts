// Situation: the built command as a process of its own.
// Action: what a shell, a supervisor and a faulty plugin do to it.
// Expected: the right exit code, a message on the right stream, and never a process that stays.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { echoBackend } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { ocelot, runOcelot, temporaryFolder } from '../src/run-ocelot.js';

/** The built command. */
const bin = createRequire(import.meta.url)
  .resolve('@ocelot/cli')
  .replace(/index\.js$/, 'bin.js');

/** A plugin that logs more than a pipe holds. */
const FLOOD = `export default { name: 'flood', setup: () => void process.stderr.write('x'.repeat(4_000_000) + '\\n') };`;

const routeTo = (port: number, path = '/'): object => ({
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/ws',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
});

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
  return folder.path;
}

/** The command with one of its outputs on a device that is always full, the other in a pipe. */
async function withFullDisk(output: 'stdout' | 'stderr', args: readonly string[], cwd: string): Promise<ChildProcess> {
  const full = await open('/dev/full', 'w');
  onTestFinished(() => full.close());
  const [stdout, stderr] = output === 'stdout' ? [full.fd, 'pipe' as const] : ['pipe' as const, full.fd];
  const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', stdout, stderr] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('the process', () => {
  it('ends at once with 1 after a second signal, although a client does not answer the Close', async () => {
    const backend = await echoBackend();
    onTestFinished(() => backend.close());
    const Gateway = { Drain: { DeadlineMs: 60_000 }, CloseTimeoutMs: 60_000 };
    const gateway = await runOcelot({ Routes: [routeTo(backend.port)], GlobalConfiguration: { Gateway } });
    const socket = new WebSocket(`ws://${gateway.authority}/`);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.pause();

    gateway.signal('SIGTERM');
    await gateway.log((line) => String(line['msg']).startsWith('stopping'));
    gateway.signal('SIGTERM');

    expect(await gateway.ended()).toMatchObject({ code: 1, stderr: expect.stringContaining('second signal') });
  });

  it('ends with 1 and a log line when a plugin throws where nobody catches it', async () => {
    const cwd = await folderWith({
      'bad.mjs': `export default { name: 'bad', setup: () =>
        void process.on('SIGUSR2', () => { throw new Error('out of bounds'); }) };`,
    });
    const gateway = await runOcelot({ Routes: [routeTo(9)] }, { args: ['--plugin', join(cwd, 'bad.mjs')] });

    gateway.signal('SIGUSR2');

    const { code, stderr } = await gateway.ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/"level":"error".*out of bounds.*unexpected failure/);
  });

  it('ends with 0 when the reader of stdout goes away early (ocelot routes | head)', async () => {
    const Routes = Array.from({ length: 2_000 }, (_, index) => routeTo(9, `/${index}`));
    const cwd = await folderWith({ 'ocelot.json': JSON.stringify({ Routes }) });
    const child = spawn(process.execPath, [bin, 'routes', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.stdout.destroy());

    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it('writes all of its messages into a pipe before it ends (ocelot validate 2>&1 | less)', async () => {
    const Routes = Array.from({ length: 5_000 }, (_, index) => ({ ...routeTo(9, `/${index}`), Unheard: 1, Of: 1 }));
    const cwd = await folderWith({ 'ocelot.json': JSON.stringify({ Routes }) });

    const { code, stderr } = await ocelot(['validate'], { cwd });

    expect({ code, end: stderr.slice(-24) }).toEqual({ code: 0, end: ' errors, 10000 warnings\n' });
  });

  it('ends after SIGTERM although nobody reads its log', async () => {
    const cwd = await folderWith({ 'ocelot.json': JSON.stringify({ Routes: [routeTo(9)] }) });
    await writeFile(join(cwd, 'flood.mjs'), FLOOD);
    const args = ['run', '--port', '0', '--plugin', './flood.mjs'];
    const child = spawn(process.execPath, [bin, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');

    child.kill('SIGTERM');

    expect((await once(child, 'exit'))[0]).toBe(0);
  });

  it.skipIf(process.platform !== 'linux')('goes on relaying when the disk below its log is full', async () => {
    const backend = await echoBackend();
    onTestFinished(() => backend.close());
    const cwd = await folderWith({ 'ocelot.json': JSON.stringify({ Routes: [routeTo(backend.port)] }) });
    const child = await withFullDisk('stderr', ['run', '--port', '0'], cwd);
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    const socket = new WebSocket(String(line).replace('listening on http', 'ws').trim());
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');

    socket.send('still there?');

    expect(String((await once(socket, 'message'))[0])).toBe('still there?');
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[0]).toBe(0);
  });
});

describe('the exit code', () => {
  it.each([
    ['0 for help', 0, ['--help'], 'Usage: ocelot'],
    ['0 for the help of a command', 0, ['help', 'run'], 'Usage: ocelot run'],
    ['0 for the version', 0, ['--version'], '0.'],
    ['2 without a command', 2, [], 'Usage: ocelot'],
    ['2 for a misspelt command', 2, ['rum'], 'Did you mean run?'],
    ['2 for a misspelt flag', 2, ['run', '--prot', '1'], 'Did you mean --port?'],
    ['2 for a port that is none', 2, ['run', '--port', '99999'], 'from 0 to 65535'],
    ['2 for a plugin that is not installed', 2, ['run', '--plugin', '@acme/x'], 'npm install @acme/x'],
    ['0 for a written starter file', 0, ['init'], 'wrote ocelot.json'],
  ] as const)('is %s', async (_, expected, args, message) => {
    const { code, stdout, stderr } = await ocelot(args, { cwd: await folderWith({}) });

    expect(code).toBe(expected);
    expect(stdout + stderr).toContain(message);
  });

  it.skipIf(process.platform !== 'linux').each(['routes', 'validate --json', '--help'])(
    'ends with 1 and the cause when what `ocelot %s` prints cannot be written',
    async (args) => {
      const cwd = await folderWith({ 'ocelot.json': JSON.stringify({ Routes: [routeTo(9)] }) });
      const child = await withFullDisk('stdout', args.split(' '), cwd);
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
      const [code] = await once(child, 'close');

      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('no space left on device') });
    },
  );
});
