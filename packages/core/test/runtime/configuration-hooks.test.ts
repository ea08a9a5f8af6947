import { describe, expect, it } from 'vitest';

import { ConfigError, type ConfigurationHook, createGateway, type Gateway, type Plugin } from '../../src/index.js';
import { FakeClock, MemoryLogger } from '../../src/testing/index.js';
import { request } from '../make-request.js';
import { config, route } from '../make-route.js';

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

const of = (name: string, hook: ConfigurationHook): Plugin => ({ name, setup: (to) => to.configuration(hook) });

/** A plugin that writes down what it is told, by the number of routes of the configuration. */
function witness(name: string, told: string[], prepare: ConfigurationHook['prepare'] = () => undefined): Plugin {
  return of(name, {
    prepare: (given) => {
      told.push(`${name} prepares ${given.routes.length}`);
      return prepare(given);
    },
    applied: (given) => void told.push(`${name} applied ${given.routes.length}`),
    released: (given) => void told.push(`${name} released ${given.routes.length}`),
  });
}

const one = config([route('/')]);
const two = config([route('/'), route('/b')]);
const end = (gateway: Gateway): Promise<unknown> => gateway.drain({ deadlineMs: 0 });

describe('Registry.configuration', () => {
  it('prepares a configuration before its routes are bound, tells that it is in force, and releases the one before', async () => {
    const told: string[] = [];
    const binds: Plugin = {
      name: 'binds',
      setup: (to) =>
        to.stage({
          name: 'binds',
          phase: 'admit',
          forRoute: (_, given) => void told.push(`bind of ${given.routes.length}`),
        }),
    };
    const gateway = await createGateway({ config: one, plugins: [witness('a', told), binds] });
    expect(told).toEqual(['a prepares 1', 'bind of 1', 'a applied 1']);
    await gateway.reload(two);
    expect(told.slice(3)).toEqual(['a prepares 2', 'bind of 2', 'bind of 2', 'a applied 2', 'a released 1']);
    await end(gateway);
    expect(told.slice(8)).toEqual(['a released 2']);
  });

  it('waits for what is prepared asynchronously', async () => {
    let ready: () => void = () => undefined;
    const told: string[] = [];
    const slow = witness('slow', told, () => new Promise((resolve) => (ready = resolve)));
    const making = createGateway({ config: one, plugins: [slow] });
    await settled();
    expect(told).toEqual(['slow prepares 1']);
    ready();
    const gateway = await making;
    expect(told).toEqual(['slow prepares 1', 'slow applied 1']);
    await end(gateway);
  });

  it('refuses a configuration that a plugin cannot use, naming it, and releases what others prepared', async () => {
    const told: string[] = [];
    let fault: Error | undefined;
    const fussy = of('fussy', {
      prepare: () => {
        if (fault !== undefined) throw fault;
      },
    });
    const gateway = await createGateway({ config: one, plugins: [witness('a', told), fussy, witness('b', told)] });
    told.length = 0;
    fault = new Error('ENOENT: no such file, open /etc/keys.json');
    await expect(gateway.reload(two)).rejects.toThrow(
      'plugin fussy: it cannot use the configuration: ENOENT: no such file, open /etc/keys.json',
    );
    expect(told).toEqual(['a prepares 2', 'a released 2']);
    expect(gateway.revision).toBe(1);
    fault = new ConfigError([{ severity: 'error', kind: 'K', source: 'here', message: 'no.' }]);
    await expect(gateway.reload(two)).rejects.toBe(fault);
    await end(gateway);
    expect(told.slice(4)).toEqual(['b released 1', 'a released 1']);
  });

  it('releases what was prepared for a configuration whose routes cannot be bound', async () => {
    const told: string[] = [];
    const unknown = config([route('/', { balancing: { type: 'Nobody', options: {} } })]);
    await expect(createGateway({ config: unknown, plugins: [witness('a', told)] })).rejects.toBeInstanceOf(ConfigError);
    expect(told).toEqual(['a prepares 1', 'a released 1']);
  });

  it('refuses a configuration that a plugin is not ready for within 30 s, and releases it when it is ready at last', async () => {
    const clock = new FakeClock();
    const told: string[] = [];
    let ready: () => void = () => undefined;
    const slow = witness('slow', told, () => new Promise((resolve) => (ready = resolve)));
    const making = createGateway({ config: one, plugins: [slow], clock });
    const refused = making.catch((error: unknown) => String(error));
    await settled();
    clock.advance(30_000);
    expect(await refused).toContain('plugin slow: it cannot use the configuration: it was not ready within 30000 ms');
    expect(told).toEqual(['slow prepares 1']);
    ready();
    await settled();
    expect(told).toEqual(['slow prepares 1', 'slow released 1']);
  });

  it('waits for no plugin once the gateway drains: the reload is refused, and what comes late is released', async () => {
    const told: string[] = [];
    let ready: () => void = () => undefined;
    let isSlow = false;
    const slow = witness('slow', told, () => (isSlow ? new Promise((resolve) => (ready = resolve)) : undefined));
    const gateway = await createGateway({ config: one, plugins: [slow] });
    isSlow = true;
    const reload = gateway.reload(two).catch((error: unknown) => error);
    await settled();
    await end(gateway);
    expect(await reload).toMatchObject({ code: 'OCELOT_ERR_DRAINING' });
    expect(told.slice(2)).toEqual(['slow prepares 2', 'slow released 1']);
    ready();
    await settled();
    expect(told.slice(4)).toEqual(['slow released 2']);
  });

  it('goes on when a plugin throws at what it is told, and logs it', async () => {
    const log = new MemoryLogger();
    const broken = of('broken', {
      applied: () => {
        throw new Error('oops');
      },
      released: () => {
        throw new Error('oops');
      },
    });
    const gateway = await createGateway({ config: one, plugins: [broken], log });
    const admission = await gateway.admit(request(), new AbortController().signal);
    admission.finish({ outcome: 'completed' });
    await end(gateway);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'a plugin failed when a configuration was applied',
      'a plugin failed when a configuration was released',
    ]);
  });
});
