import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { main } from '../src/main.js';
import { type ScriptedTerminal, scriptedTerminal } from './scripted-terminal.js';

const CONFIG = {
  Routes: [
    {
      UpstreamPathTemplate: '/',
      DownstreamPathTemplate: '/',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
    },
  ],
};

/** A folder with a configuration, and a plugin whose stage throws this when routes are compiled. */
async function withStage(thrown: string, env: Record<string, string> = {}): Promise<ScriptedTerminal> {
  const terminal = await scriptedTerminal({ env });
  await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(CONFIG));
  const code = `const stage = { name: 's', phase: 'admit', forRoute() { throw ${thrown}; } };
    export default { name: 'p', setup: (registry) => registry.stage(stage) };`;
  await writeFile(join(terminal.cwd, 'p.mjs'), code);
  return terminal;
}

describe('main', () => {
  it.each(['OCELOT_ERR_PLUGIN_MISSING', 'OCELOT_ERR_CONFIG_INVALID'])(
    'ends with 2 and the remedy when compiling a route raises %s',
    async (code) => {
      const error = `Object.assign(new Error('no vault'), { code: '${code}', [Symbol.for('ocelot.GatewayError')]: true })`;
      const terminal = await withStage(error);

      expect(await main(['run', '--port', '0', '--plugin', './p.mjs'], terminal)).toBe(2);

      expect(terminal.err()).toMatch(new RegExp(`^error: no vault \\(${code}\\)\\n  \\w`, 'm'));
    },
  );

  it('ends with 1 and a stack for what nobody foresaw', async () => {
    const terminal = await withStage('new RangeError("too far")');

    expect(await main(['run', '--port', '0', '--plugin', './p.mjs'], terminal)).toBe(1);

    expect(terminal.err()).toMatch(/^error: unexpected failure: RangeError: too far\n +at /m);
    expect(terminal.err()).toContain('please report it');
  });

  it('colours the word error only when it may', async () => {
    const plain = await scriptedTerminal({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    await main(['validate'], plain);
    expect(plain.err()).toMatch(/^error:/);

    const colourful = await scriptedTerminal({ env: { FORCE_COLOR: '1' } });
    await main(['validate'], colourful);
    expect(colourful.err()).toContain('\u001B[31merror:');
  });

  it.each(['', ' '])('refuses the empty host "%s" instead of listening on every address', async (host) => {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(CONFIG));

    expect(await main(['run', '--host', host], terminal)).toBe(2);

    expect(terminal.err()).toContain('--host <H>');
    expect(terminal.err()).toContain('It is empty; write 0.0.0.0 for all addresses.');
  });

  it('takes an IPv6 host in brackets, as addresses write it', async () => {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(CONFIG));

    expect(await main(['run', '--port', '0', '--host', '[203::113]'], terminal)).toBe(2);

    expect(terminal.err()).toContain('error: 203::113 is no address of this machine.');
  });

  it('writes help to stdout and faults of the command line to stderr', async () => {
    const asked = await scriptedTerminal();
    expect(await main(['--help'], asked)).toBe(0);
    expect(asked.out()).toContain('Usage: ocelot');
    expect(asked.err()).toBe('');

    const wrong = await scriptedTerminal();
    expect(await main(['rum'], wrong)).toBe(2);
    expect(wrong.out()).toBe('');
    expect(wrong.err()).toContain('Did you mean run?');
  });
});
