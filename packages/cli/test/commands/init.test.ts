import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inspectConfiguration, parseConfigText } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { main } from '../../src/main.js';
import { scriptedTerminal } from '../scripted-terminal.js';

describe('ocelot init', () => {
  it('writes a configuration that has neither errors nor warnings', async () => {
    const terminal = await scriptedTerminal();

    expect(await main(['init'], terminal)).toBe(0);

    const text = await readFile(join(terminal.cwd, 'ocelot.json'), 'utf8');
    expect(inspectConfiguration(parseConfigText(text, 'ocelot.json')).issues).toEqual([]);
    expect(text).toContain('"$schema"');
    expect(terminal.out()).toBe('wrote ocelot.json\n');
  });

  it('leaves a file that exists alone and ends with 2', async () => {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), 'mine');

    expect(await main(['init'], terminal)).toBe(2);

    expect(terminal.err()).toContain('ocelot.json exists already.');
    expect(terminal.err()).toContain('--force');
    expect(await readFile(join(terminal.cwd, 'ocelot.json'), 'utf8')).toBe('mine');
  });

  it('replaces it with --force', async () => {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), 'mine');

    expect(await main(['init', '--force'], terminal)).toBe(0);

    expect(await readFile(join(terminal.cwd, 'ocelot.json'), 'utf8')).toContain('Routes');
  });

  it('says why when the folder does not exist', async () => {
    const terminal = await scriptedTerminal();

    expect(await main(['init', 'no/where.json'], terminal)).toBe(2);

    expect(terminal.err()).toContain('no/where.json cannot be written');
  });
});
