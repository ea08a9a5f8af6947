// Situation: a person writes their own discovery provider or balancing policy.
// Action: the command is given it, by ocelot.config.mjs or by --plugin.
// Expected: the `Type` of that name works like ours.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { echoBackend, type EchoBackend } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ocelot, runOcelot, temporaryFolder } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: EchoBackend;

beforeEach(async () => {
  folder = await temporaryFolder();
  service = await echoBackend({ name: 'mine:' });
  const scope = join(folder.path, 'node_modules', '@ocelot');
  await mkdir(scope, { recursive: true });
  await symlink(fileURLToPath(new URL('../../../packages/core', import.meta.url)), join(scope, 'core'));
});

afterEach(async () => {
  await service.close();
  await folder.remove();
});

const config = {
  Routes: [{ UpstreamPathTemplate: '/', DownstreamPathTemplate: '/', DownstreamScheme: 'ws', ServiceName: 'chat' }],
  GlobalConfiguration: { ServiceDiscoveryProvider: { Host: 'localhost', Port: 1, Type: 'Phonebook' } },
};

const plugin = (port: number): string => `
import { pollingProvider } from '@ocelot/core';
export const plugin = {
  name: 'phonebook',
  setup: (registry) => registry.discovery('Phonebook', (options, { clock }) => pollingProvider({
    clock,
    intervalMs: 1000,
    fetch: async () => [{ host: '127.0.0.1', port: ${port}, weight: 1, tags: [], metadata: {} }],
  })),
};
`;

describe('a discovery provider of one’s own', () => {
  it('is named on the command line with --plugin', async () => {
    const path = join(folder.path, 'phonebook.mjs');
    await writeFile(path, plugin(service.port));
    const gateway = await runOcelot(config, { args: ['--plugin', path] });
    const client = await talk(`ws://${gateway.authority}/`);
    expect(await client.ask('hello')).toBe('mine:hello');
    await client.close();
    expect(await gateway.stop()).toMatchObject({ code: 0 });
  });

  it('is named in a module given with --config-module', async () => {
    await writeFile(join(folder.path, 'phonebook.mjs'), plugin(service.port));
    const path = join(folder.path, 'ocelot.config.mjs');
    await writeFile(path, "import { plugin } from './phonebook.mjs';\nexport default { plugins: [plugin] };\n");
    const gateway = await runOcelot(config, { args: ['--config-module', path] });
    const client = await talk(`ws://${gateway.authority}/`);
    expect(await client.ask('hello')).toBe('mine:hello');
    await client.close();
    await gateway.stop();
  });

  it('that is not installed is named with the command that installs it, exit code 2', async () => {
    await writeFile(join(folder.path, 'ocelot.json'), JSON.stringify(config));
    const { code, stderr } = await ocelot(['run', '--plugin', 'ocelot-plugin-nobody-wrote'], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stderr).toContain('npm install ocelot-plugin-nobody-wrote');
  });
});
