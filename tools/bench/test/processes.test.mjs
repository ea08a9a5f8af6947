import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { freePort, pinned, startProxy } from '../processes.mjs';

const folder = mkdtempSync(join(tmpdir(), 'bench-processes-'));
const log = join(folder, 'log');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (code) => [process.execPath, '-e', code];
const isListening = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

describe.runIf(process.platform === 'linux')('startProxy', () => {
  it('hands a process over once it listens, and ends it with its children', async () => {
    const port = await freePort();
    const child = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
    // Like nginx: the one that listens is a child, which ends when its parent does.
    const parent = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);
      process.on('SIGTERM', () => { child.on('exit', () => process.exit()); child.kill(); });`;
    const proxy = await startProxy({ command: node(parent), port, log });
    expect(await isListening(port)).toBe(true);
    expect(proxy.pids()).toHaveLength(2);
    await proxy.stop();
    expect(await isListening(port)).toBe(false);
    expect(() => process.kill(proxy.pid, 0)).toThrow('ESRCH');
  });

  it('tells the last words of one that ends before it listens', async () => {
    const start = startProxy({ command: node("console.error('no such file'); process.exit(3)"), port: 1, log });
    await expect(start).rejects.toThrow(/ended with 3\.\n.*no such file/s);
  });

  it('says when a command cannot be started', async () => {
    const start = startProxy({ command: ['/no/such/proxy'], port: 1, log });
    await expect(start).rejects.toThrow('/no/such/proxy: spawn /no/such/proxy ENOENT');
  });
});

describe('pinned', () => {
  it('puts a command on one core, or leaves it', () => {
    expect(pinned(['a', 'b'], 3)).toEqual(['taskset', '-c', '3', 'a', 'b']);
    expect(pinned(['a'], undefined)).toEqual(['a']);
  });
});

describe('the command', () => {
  const bench = (...words) => {
    const script = new URL('../run.mjs', import.meta.url).pathname;
    return spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' });
  };

  it('ends with 2 and one line when an argument is wrong, before anything is fetched', () => {
    const { status, stdout, stderr } = bench('--scenario', 'e65');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^bench: Unknown scenario "e65"\. There are: .*\n$/);
  });

  it('prints its help', () => {
    expect(bench('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--quick') });
  });
});
