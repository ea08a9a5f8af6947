import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type TestConsul, consulAvailable, startConsul } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { main } from '../src/main.js';
import { refusal, start } from './commands/running.js';
import { type ScriptedTerminal, scriptedTerminal } from './scripted-terminal.js';

const KEY = 'gateway/configuration';

const routeAt = (path: string): object => ({
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 1 }],
});

describe.runIf(await consulAvailable())('a configuration kept in Consul (Ocelot: AddConfigStoredInConsul)', () => {
  let consul: TestConsul;

  beforeAll(async () => {
    consul = await startConsul();
  });
  afterAll(() => consul.stop());

  const configuration = (path: string): object => ({
    Routes: [routeAt(path)],
    GlobalConfiguration: {
      ServiceDiscoveryProvider: { Type: 'Consul', Host: consul.host, Port: consul.port, ConfigurationKey: KEY },
    },
  });

  async function folderWith(config: object): Promise<ScriptedTerminal> {
    const terminal = await scriptedTerminal();
    await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(config));
    return terminal;
  }

  it('is written there from the file when the key does not exist', async () => {
    const terminal = await folderWith(configuration('/from-file'));

    const { port } = await start(terminal);

    expect(await refusal(port, '/from-file')).toBe(502);
    expect(JSON.parse((await consul.key(KEY)) ?? '')).toMatchObject({
      Routes: [{ UpstreamPathTemplate: '/from-file' }],
    });
  });

  it('takes the place of the file when the key exists, and is watched', async () => {
    await consul.putKey(KEY, JSON.stringify(configuration('/from-consul')));
    const terminal = await folderWith(configuration('/from-file'));

    const { port } = await start(terminal);

    expect(await refusal(port, '/from-consul')).toBe(502);
    expect(await refusal(port, '/from-file')).toBe(404);

    await consul.putKey(KEY, JSON.stringify(configuration('/changed')));
    await terminal.until(/consul:gateway\/configuration changed.*configuration reloaded/);
    expect(await refusal(port, '/changed')).toBe(502);
  });

  it('stays in force when what is put there cannot be used', async () => {
    await consul.putKey(KEY, JSON.stringify(configuration('/good')));
    const terminal = await folderWith(configuration('/from-file'));
    const { port } = await start(terminal);

    await consul.putKey(KEY, '{ "Routes": [');
    await terminal.until(/configuration not reloaded: revision 1 stays in force/);

    expect(terminal.err()).toMatch(/consul:gateway\/configuration.*line 1/);
    expect(await refusal(port, '/good')).toBe(502);
  });

  it('refuses the start with 2 when it is wrong', async () => {
    await consul.putKey(KEY, '{ "Routes": [{}] }');
    const terminal = await folderWith(configuration('/from-file'));

    expect(await main(['run', '--port', '0'], terminal)).toBe(2);

    expect(terminal.err()).toMatch(/^error: consul:gateway\/configuration#\/Routes\/0/m);
  });
});
