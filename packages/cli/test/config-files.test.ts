import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { readConfigFiles } from '../src/config-files.js';
import { type ScriptedTerminal, scriptedTerminal } from './scripted-terminal.js';

const route = (path: string, port: number) => ({
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/ws',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: 'localhost', Port: port }],
});

async function write(terminal: ScriptedTerminal, files: Record<string, unknown>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(terminal.cwd, name, '..'), { recursive: true });
    await writeFile(join(terminal.cwd, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** Path and port of each route that was read. */
async function addresses(paths: readonly string[], terminal: ScriptedTerminal): Promise<string[]> {
  const { document } = await readConfigFiles(paths, terminal);
  return readConfiguration(document).routes.map(({ match, source }) => {
    const ports = source.kind === 'static' ? source.endpoints.map(({ port }) => port) : [source.service.name];
    return `${match.pathTemplate} ${ports.join(',')}`;
  });
}

describe('readConfigFiles', () => {
  it('reads ocelot.json of the working directory when no file is named', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'ocelot.json': { Routes: [route('/a', 81)] } });

    expect(await addresses([], terminal)).toEqual(['/a 81']);
  });

  it('lays several files over one another by array index, as .NET does', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, {
      'base.json': { Routes: [route('/a', 81), route('/b', 82)] },
      'over.json': { Routes: [{ DownstreamHostAndPorts: [{ Port: 91 }] }] },
    });

    expect(await addresses(['base.json', 'over.json'], terminal)).toEqual(['/a 91', '/b 82']);
  });

  it.each(['OCELOT_ENVIRONMENT', 'ASPNETCORE_ENVIRONMENT', 'DOTNET_ENVIRONMENT'])(
    'lays the file of the environment named by %s over a single file',
    async (variable) => {
      const terminal = await scriptedTerminal({ env: { [variable]: 'Staging' } });
      await write(terminal, {
        'ocelot.json': { Routes: [route('/a', 81)] },
        'ocelot.Staging.json': { Routes: [{ DownstreamHostAndPorts: [{ Port: 91 }] }] },
      });

      const { names } = await readConfigFiles([], terminal);

      expect(names).toEqual(['ocelot.json', 'ocelot.Staging.json']);
      expect(await addresses([], terminal)).toEqual(['/a 91']);
    },
  );

  it('does without the file of the environment when there is none', async () => {
    const terminal = await scriptedTerminal({ env: { OCELOT_ENVIRONMENT: 'Staging' } });
    await write(terminal, { 'ocelot.json': { Routes: [route('/a', 81)] } });

    expect(await addresses([], terminal)).toEqual(['/a 81']);
  });

  it('takes several files as they are named: no environment file is added to them', async () => {
    const terminal = await scriptedTerminal({ env: { OCELOT_ENVIRONMENT: 'Staging' } });
    await write(terminal, {
      'ocelot.json': { Routes: [route('/a', 81)] },
      'ocelot.Staging.json': { Routes: [{ DownstreamHostAndPorts: [{ Port: 91 }] }] },
      'own.json': { Routes: [{ UpstreamPathTemplate: '/own' }] },
    });

    expect(await addresses(['ocelot.json', 'own.json'], terminal)).toEqual(['/own 81']);
  });

  it('lays environment variables over everything', async () => {
    const terminal = await scriptedTerminal({ env: { Routes__0__DownstreamHostAndPorts__0__Port: '99' } });
    await write(terminal, { 'ocelot.json': { Routes: [route('/a', 81)] } });

    expect(await addresses([], terminal)).toEqual(['/a 99']);
  });

  it('merges a folder as Ocelot does, and lays the environment file over the result', async () => {
    const terminal = await scriptedTerminal({ env: { OCELOT_ENVIRONMENT: 'Staging' } });
    await write(terminal, {
      'conf/ocelot.orders.json': { Routes: [route('/orders', 81)] },
      'conf/ocelot.chat.json': { Routes: [route('/chat', 82)] },
      'conf/ocelot.global.json': { GlobalConfiguration: { BaseUrl: 'http://gateway' } },
      'conf/ocelot.Staging.json': { Routes: [{ DownstreamHostAndPorts: [{ Port: 92 }] }] },
      'conf/readme.txt': 'not this',
    });

    expect(await addresses(['conf'], terminal)).toEqual(['/chat 92', '/orders 81']);
  });

  it('names everything to watch, also the environment file that is not there yet', async () => {
    const terminal = await scriptedTerminal({ env: { OCELOT_ENVIRONMENT: 'Staging' } });
    await write(terminal, { 'ocelot.json': {} });

    const { watched } = await readConfigFiles([], terminal);

    expect(watched).toEqual([join(terminal.cwd, 'ocelot.json'), join(terminal.cwd, 'ocelot.Staging.json')]);
  });

  it('says what to do when there is no ocelot.json', async () => {
    const terminal = await scriptedTerminal();
    await expect(readConfigFiles([], terminal)).rejects.toMatchObject({
      exitCode: 2,
      message: `ocelot.json does not exist in ${terminal.cwd}.`,
      hint: expect.stringContaining('ocelot init'),
    });
  });

  it('names the file that is missing among several', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'ocelot.json': {} });
    await expect(readConfigFiles(['ocelot.json', 'conf/more.json'], terminal)).rejects.toThrow(
      'conf/more.json does not',
    );
  });

  it('refuses an empty name instead of taking the working directory', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'ocelot.json': { Routes: [route('/a', 81)] } });

    await expect(readConfigFiles([''], terminal)).rejects.toMatchObject({
      exitCode: 2,
      message: 'A FILE is named by an empty text.',
    });
  });

  it('says that a folder holds no configuration', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'conf/readme.txt': '' });
    await expect(readConfigFiles(['conf'], terminal)).rejects.toThrow('The folder conf holds no ocelot.json');
  });

  it('says that this user may not read the file', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'ocelot.json': {} });
    await chmod(terminal.cwd, 0o755);
    await chmod(join(terminal.cwd, 'ocelot.json'), 0o000);
    // Root may read everything: it becomes nobody for this one question.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(readConfigFiles([], terminal)).rejects.toThrow('this user may not read it');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('says why a path cannot be read', async () => {
    const terminal = await scriptedTerminal();
    await expect(readConfigFiles(['x'.repeat(300)], terminal)).rejects.toThrow('cannot be read: ENAMETOOLONG');
  });

  it('refuses an environment name that is a path', async () => {
    const terminal = await scriptedTerminal({ env: { OCELOT_ENVIRONMENT: '../../etc/passwd' } });
    await expect(readConfigFiles([], terminal)).rejects.toThrow('no part of a file name');
  });

  it('keeps a syntax error with its line and column among the issues', async () => {
    const terminal = await scriptedTerminal();
    await write(terminal, { 'ocelot.json': '{\n  "Routes": [\n    { "Key": }\n  ]\n}' });

    const { document } = await readConfigFiles([], terminal);

    expect(document.issues).toContainEqual(expect.objectContaining({ severity: 'error', line: 3, column: 14 }));
  });
});
