import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../fetch.mjs', import.meta.url));
const execute = promisify(execFile);

describe('tools/debian/fetch.mjs', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ocelot-debian-'));
    await writeFile(join(folder, 'nats-server'), '#!/bin/sh\necho "nats-server: v7.8.9"\n');
    await writeFile(join(folder, 'broken'), '#!/bin/sh\necho "no module named websockets 1.0" >&2\nexit 1\n');
    for (const name of ['nats-server', 'broken']) await chmod(join(folder, name), 0o755);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (names: readonly string[], environment: NodeJS.ProcessEnv) =>
    execute(process.execPath, [script, ...names], { env: { PATH: process.env['PATH'], ...environment } });

  it('prints what the variable of a program names, and its version', async () => {
    const path = join(folder, 'nats-server');
    const { stdout } = await run(['nats-server'], { OCELOT_NATS_SERVER: path });
    expect(stdout).toBe(`nats-server: ${path} (nats-server: v7.8.9)\n`);
  });

  it('prints the whole path of a program on PATH', async () => {
    const { stdout } = await run(['nats-server'], { PATH: `${folder}:${process.env['PATH']}` });
    expect(stdout).toBe(`nats-server: ${join(folder, 'nats-server')} (nats-server: v7.8.9)\n`);
  });

  it('takes Valkey for Redis when only that is on PATH', async () => {
    const path = join(folder, 'valkey-server');
    await writeFile(path, '#!/bin/sh\necho "Valkey server v=9.9.9"\n');
    await chmod(path, 0o755);
    const { stdout } = await run(['redis-server'], { PATH: `${folder}:${process.env['PATH']}` });
    // A machine that has Redis itself is asked for that first.
    expect(stdout).toMatch(/valkey-server \(Valkey server v=9\.9\.9\)\n$|redis-server \(Redis server v=/);
  });

  it('says what is wrong, and exits with 1, when a variable names a program that fails', async () => {
    const path = join(folder, 'broken');
    await expect(run(['python'], { OCELOT_PYTHON: path })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: `No python: OCELOT_PYTHON names ${path}, which cannot be run or lacks something.\n`,
    });
  });

  it('names what it knows when it is asked for something else', async () => {
    await expect(run(['firefox'], {})).rejects.toMatchObject({
      code: 1,
      stderr: 'There is no "firefox" here. Known: nats-server, mosquitto, python, redis-server, promtool, chromium.\n',
    });
  });
});
