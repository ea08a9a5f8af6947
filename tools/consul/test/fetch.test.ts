import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../fetch.mjs', import.meta.url));
const execute = promisify(execFile);

describe('tools/consul/fetch.mjs', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ocelot-fetch-'));
    await writeFile(join(folder, 'consul'), '#!/bin/sh\nexit 0\n');
    await chmod(join(folder, 'consul'), 0o755);
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (environment: NodeJS.ProcessEnv) =>
    execute(process.execPath, [script], { env: { PATH: process.env['PATH'], ...environment } });

  it('prints what OCELOT_CONSUL names', async () => {
    const { stdout } = await run({ OCELOT_CONSUL: join(folder, 'consul') });
    expect(stdout).toBe(`${join(folder, 'consul')}\n`);
  });

  it('prints the whole path of a consul on PATH', async () => {
    const { stdout } = await run({ PATH: `${folder}:${process.env['PATH']}` });
    expect(stdout).toBe(`${join(folder, 'consul')}\n`);
  });

  it('says why there is none, and exits with 1, when OCELOT_CONSUL names nothing that runs', async () => {
    const failed = run({ OCELOT_CONSUL: '/nowhere/consul' });
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'No Consul: OCELOT_CONSUL names /nowhere/consul, which cannot be run.\n',
    });
  });
});
