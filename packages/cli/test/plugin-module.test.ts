import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { importFile, resolvePlugin } from '../src/plugin-module.js';
import { temporaryFolder } from './scripted-terminal.js';

async function installed(cwd: string, name: string, manifest: object): Promise<string> {
  const folder = join(cwd, 'node_modules', name);
  await mkdir(join(folder, 'lib'), { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, type: 'module', ...manifest }));
  await writeFile(join(folder, 'lib/main.js'), 'export const plugin = {};');
  return join(folder, 'lib/main.js');
}

describe('resolvePlugin', () => {
  it('takes a path from the working directory', async () => {
    const cwd = await temporaryFolder();
    expect(resolvePlugin('./mine.mjs', cwd)).toBe(join(cwd, 'mine.mjs'));
  });

  it('takes a file name without "./" when the file is there', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'mine.mjs'), '');
    expect(resolvePlugin('mine.mjs', cwd)).toBe(join(cwd, 'mine.mjs'));
  });

  it.each([
    ['main', { main: 'lib/main.js' }],
    ['a default export condition', { exports: { '.': { default: './lib/main.js' } } }],
    ['an export for import alone', { exports: { '.': { import: './lib/main.js' } } }],
    ['nested conditions', { exports: { node: { import: { default: './lib/main.js' } } } }],
    ['exports that are one path', { exports: './lib/main.js' }],
  ])('finds a package with %s in the working directory', async (_, manifest) => {
    const cwd = await temporaryFolder();
    const file = await installed(cwd, 'my-plugin', manifest);
    expect(resolvePlugin('my-plugin', cwd)).toBe(file);
  });

  it('finds what is installed beside the command', async () => {
    expect(resolvePlugin('commander', await temporaryFolder())).toMatch(/commander/);
  });

  it('names the command that installs a missing package', async () => {
    const cwd = await temporaryFolder();
    expect(() => resolvePlugin('@acme/registry', cwd)).toThrow(
      expect.objectContaining({ exitCode: 2, hint: 'Install it: npm install @acme/registry' }),
    );
  });
});

describe('importFile', () => {
  it('says that the file is missing', async () => {
    await expect(importFile('/no/such/file.mjs', 'The plugin')).rejects.toThrow('/no/such/file.mjs does not exist');
  });

  it('says why a module fails', async () => {
    const file = join(await temporaryFolder(), 'fails.mjs');
    await writeFile(file, 'throw new Error("no licence");');
    await expect(importFile(file, 'The plugin')).rejects.toThrow(`The plugin ${file} fails to load: no licence`);
  });

  it.skipIf('typescript' in process.features)('says that this Node runs no TypeScript', async () => {
    const file = join(await temporaryFolder(), 'ocelot.config.ts');
    await writeFile(file, 'export default {};');
    await expect(importFile(file, 'The configuration module')).rejects.toThrow('does not run TypeScript');
  });
});
