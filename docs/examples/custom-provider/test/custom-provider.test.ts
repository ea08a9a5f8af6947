import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Plugin, type Registry, type ServiceDiscoveryProviderFactory, systemClock } from '@ocelot/core';
import { discoveryConformance, MemoryLogger } from '@ocelot/core/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const module = new URL('../file-registry.mjs', import.meta.url).href;
const { fileRegistry } = (await import(module)) as { readonly fileRegistry: () => Plugin };

type Instances = readonly { readonly host: string; readonly port: number }[];

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-registry-'));
  file = join(folder, 'services.json');
});
afterAll(() => rm(folder, { recursive: true }));

/** Replaces the file as a whole: whoever reads it meanwhile sees the old one or the new one. */
async function write(services: Readonly<Record<string, Instances>> | string): Promise<void> {
  await writeFile(`${file}.new`, typeof services === 'string' ? services : JSON.stringify(services));
  await rename(`${file}.new`, file);
}

describe('fileRegistry conforms', () => {
  const services: Record<string, Instances> = {};
  const registered = new Map<string, ServiceDiscoveryProviderFactory>();
  beforeAll(() => {
    const discovery: Registry['discovery'] = (type, create) => void registered.set(type, create);
    return fileRegistry().setup({ discovery } as Registry);
  });

  const cases = discoveryConformance({
    createProvider() {
      const create = registered.get('FileRegistry');
      if (create === undefined) throw new Error('the plugin registers no FileRegistry');
      const context = { clock: systemClock, log: new MemoryLogger(), random: Math.random };
      return create({ File: file, PollingInterval: 20 }, context);
    },
    setInstances: ({ name }, instances) => {
      services[name] = instances;
      return write(services);
    },
    breakRegistry: () => write('{ half a file'),
    mendRegistry: () => write(services),
  });

  it.each(cases.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    await expect(run()).resolves.toBeUndefined();
  });
});

async function startBackend(name: string): Promise<{ readonly host: string; readonly port: number }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  server.on('connection', (socket, request) => socket.send(`${name} at ${request.url}`));
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function runGateway(): Promise<string> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-level', 'warn'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...process.env,
      GlobalConfiguration__ServiceDiscoveryProvider__File: file,
      GlobalConfiguration__ServiceDiscoveryProvider__PollingInterval: '50',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(gateway, 'exit');
  onTestFinished(async () => {
    gateway.kill('SIGTERM');
    expect((await gone)[0]).toBe(0);
  });
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
  return String(line).trim().replace('listening on http', 'ws');
}

async function greeting(url: string): Promise<string> {
  const socket = new WebSocket(url);
  const [text] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  await once(socket, 'close');
  return String(text);
}

it('sends new connections to what the file lists, also after it has changed', async () => {
  const [a, b] = [await startBackend('A'), await startBackend('B')];
  await write({ chat: [a] });
  const url = `${await runGateway()}/chat`;
  expect([await greeting(url), await greeting(url)]).toEqual(['A at /ws', 'A at /ws']);
  await write({ chat: [b] });
  await vi.waitFor(async () => expect(await greeting(url)).toBe('B at /ws'), { timeout: 5_000 });
});
