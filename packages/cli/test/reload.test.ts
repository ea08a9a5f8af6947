import { type Gateway, createGateway, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { CommandError } from '../src/command-error.js';
import { createReloader } from '../src/reload.js';

const configuration = (...paths: readonly string[]): object => ({
  Routes: paths.map((path) => ({
    UpstreamPathTemplate: path,
    DownstreamPathTemplate: '/',
    DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
  })),
});

const config = readConfiguration(configuration('/a'));

async function running(): Promise<{ gateway: Gateway; log: MemoryLogger; paths: () => string[] }> {
  const log = new MemoryLogger();
  const gateway = await createGateway({ config, log });
  onTestFinished(async () => void (await gateway.drain({ deadlineMs: 0, spreadMs: 0 })));
  return { gateway, log, paths: () => gateway.routes.map((route) => route.match.pathTemplate) };
}

describe('createReloader', () => {
  it('puts what was read in force and logs the cause', async () => {
    const { gateway, log, paths } = await running();
    const reloader = createReloader({ gateway, config, load: async () => readConfiguration(configuration('/b')) });

    reloader.request('SIGHUP');
    await reloader.close();

    expect(paths()).toEqual(['/b']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'info',
        message: 'configuration reloaded',
        fields: { cause: 'SIGHUP', revision: 2 },
      }),
    );
  });

  it('keeps the configuration in force when the new one is wrong, and logs every problem', async () => {
    const { gateway, log, paths } = await running();
    const broken = { Routes: [{ DownstreamPathTemplate: 'no-slash' }, { UpstreamPathTemplate: 'no-slash' }] };
    const reloader = createReloader({ gateway, config, load: async () => readConfiguration(broken) });

    reloader.request('ocelot.json changed');
    await reloader.close();

    expect(paths()).toEqual(['/a']);
    expect(gateway.revision).toBe(1);
    const messages = log.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(messages.some((message) => message.startsWith('ocelot.json#/Routes/0'))).toBe(true);
    expect(messages.some((message) => message.startsWith('ocelot.json#/Routes/1'))).toBe(true);
    expect(messages.at(-1)).toBe('configuration not reloaded: revision 1 stays in force');
  });

  it('keeps the routes in force when the new configuration has none: its file may be half written', async () => {
    const { gateway, log, paths } = await running();
    const reloader = createReloader({ gateway, config, load: async () => readConfiguration({}) });

    reloader.request('SIGHUP');
    await reloader.close();

    expect(paths()).toEqual(['/a']);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'The configuration has no route any more.',
      'configuration not reloaded: revision 1 stays in force',
    ]);
  });

  it('says what to do when a file cannot be read', async () => {
    const { gateway, log } = await running();
    const load = async (): Promise<never> => {
      throw new CommandError('ocelot.json does not exist.', 'Check the path.');
    };
    const reloader = createReloader({ gateway, config, load });

    reloader.request('SIGHUP');
    await reloader.close();

    expect(log.lines).toContainEqual(
      expect.objectContaining({
        message: 'ocelot.json does not exist.',
        fields: expect.objectContaining({ hint: 'Check the path.' }),
      }),
    );
  });

  it('gathers the wishes that come while it reads into one more reload', async () => {
    const { gateway, paths } = await running();
    const reads: (() => void)[] = [];
    const reloader = createReloader({
      gateway,
      config,
      load: async () => {
        await new Promise<void>((resolve) => reads.push(resolve));
        return readConfiguration(configuration(`/read-${reads.length}`));
      },
    });

    for (let wish = 0; wish < 5; wish += 1) reloader.request('SIGHUP');
    reads[0]?.();
    await until(() => reads.length === 2);
    reads[1]?.();
    await until(() => paths()[0] === '/read-2');
    await reloader.close();

    expect(reads).toHaveLength(2);
  });

  it('does nothing after it was closed', async () => {
    const { gateway, paths } = await running();
    const reloader = createReloader({ gateway, config, load: async () => readConfiguration(configuration('/b')) });

    await reloader.close();
    reloader.request('SIGHUP');
    await reloader.close();

    expect(paths()).toEqual(['/a']);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
