import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { watchFiles } from '../src/watch-files.js';
import { temporaryFolder } from './scripted-terminal.js';

/** Watches, and gives each cause to whoever waits next. */
async function watching(paths: readonly string[]): Promise<{ next: () => Promise<string>; causes: string[] }> {
  const causes: string[] = [];
  let wake = (): void => undefined;
  const log = new MemoryLogger();
  const stop = await watchFiles(
    paths,
    (cause) => {
      causes.push(cause);
      wake();
    },
    log,
  );
  onTestFinished(stop);
  return {
    causes,
    next: () =>
      new Promise((resolve) => {
        wake = () => resolve(causes.at(-1) ?? '');
      }),
  };
}

describe('watchFiles', () => {
  it('tells once of several writes in a row', async () => {
    const file = join(await temporaryFolder(), 'ocelot.json');
    await writeFile(file, '{}');
    const { next, causes } = await watching([file]);

    const change = next();
    await writeFile(file, '{ "Routes": [');
    await writeFile(file, '{ "Routes": [] }');

    expect(await change).toBe('ocelot.json changed');
    expect(causes).toHaveLength(1);
  });

  it('tells of a file that an editor puts in the place of the old one', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'ocelot.json');
    await writeFile(file, '{}');
    const { next } = await watching([file]);

    const change = next();
    await writeFile(join(folder, '.ocelot.json.swp'), '{ "Routes": [] }');
    await rename(join(folder, '.ocelot.json.swp'), file);

    expect(await change).toBe('ocelot.json changed');
  });

  it('tells of a file that was not there at first', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'ocelot.json'), '{}');
    const { next } = await watching([join(folder, 'ocelot.json'), join(folder, 'ocelot.Staging.json')]);

    const change = next();
    await writeFile(join(folder, 'ocelot.Staging.json'), '{}');

    expect(await change).toBe('ocelot.Staging.json changed');
  });

  it('tells of a new part in a folder', async () => {
    const folder = await temporaryFolder();
    const { next } = await watching([folder]);

    const change = next();
    await writeFile(join(folder, 'ocelot.chat.json'), '{}');

    expect(await change).toBe('ocelot.chat.json changed');
  });

  it.each(['ocelot.json', '.'])(
    'tells of links that lead elsewhere, as Kubernetes mounts files (%s)',
    async (named) => {
      const folder = await temporaryFolder();
      for (const version of ['..1', '..2']) {
        await mkdir(join(folder, version));
        await writeFile(join(folder, version, 'ocelot.json'), `{ "Routes": [], "Version": "${version}" }`);
      }
      await symlink('..1', join(folder, '..data'));
      await symlink('..data/ocelot.json', join(folder, 'ocelot.json'));
      const { next } = await watching([join(folder, named)]);

      const change = next();
      await symlink('..2', join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));

      expect(await change).toBe('ocelot.json changed');
    },
  );
});
