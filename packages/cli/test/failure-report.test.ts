import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { failingAsJson, reportOf } from '../src/failure-report.js';
import { main } from '../src/main.js';
import { scriptedTerminal } from './scripted-terminal.js';

describe.each([
  ['routes', ['routes', '--json']],
  ['explain', ['explain', 'GET', '/', '--json']],
  ['validate', ['validate', '--json']],
])('a failure of ocelot %s --json', (_, argv) => {
  it('is JSON on stdout and nothing on stderr when the file does not exist', async () => {
    const terminal = await scriptedTerminal();
    expect(await main(argv, terminal)).toBe(2);
    expect(terminal.err()).toBe('');
    expect(JSON.parse(terminal.out())).toEqual({
      error: {
        exitCode: 2,
        message: expect.stringContaining('ocelot.json does not exist'),
        hint: expect.stringContaining('ocelot init'),
      },
    });
  });
});

describe.each([
  ['routes', ['routes', '--json']],
  ['explain', ['explain', 'GET', '/', '--json']],
])('a configuration that ocelot %s --json cannot use', (_, argv) => {
  it('is JSON on stdout with every problem', async () => {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), '{ "Routes": [ { "UpstreamPathTemplate": "x" } ] }');
    expect(await main(argv, terminal)).toBe(2);
    expect(terminal.err()).toBe('');
    const { error } = JSON.parse(terminal.out()) as { error: { exitCode: number; issues: { source: string }[] } };
    expect(error.exitCode).toBe(2);
    expect(error.issues.length).toBeGreaterThan(1);
    expect(error.issues[0]?.source).toContain('ocelot.json#/Routes/0');
  });
});

describe('failingAsJson', () => {
  it('leaves the failure to others when no JSON was asked for', async () => {
    const terminal = await scriptedTerminal();
    const failure = new Error('boom');
    await expect(failingAsJson(undefined, terminal, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(terminal.out()).toBe('');
  });
});

describe('reportOf', () => {
  it('names the remedy of a gateway error that routes are compiled with', () => {
    expect(reportOf(new GatewayError('OCELOT_ERR_PLUGIN_MISSING', { message: 'No X.' }))).toMatchObject({
      exitCode: 2,
      message: 'No X. (OCELOT_ERR_PLUGIN_MISSING)',
      hint: expect.any(String),
    });
  });

  it('shows the stack of what nobody foresaw', () => {
    const { exitCode, message } = reportOf(new TypeError('x is no function'));
    expect(exitCode).toBe(1);
    expect(message).toMatch(/unexpected failure: TypeError: x is no function\n\s+at /);
  });
});
