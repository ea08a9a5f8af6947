import { MemoryLogger } from '@ocelot/core/testing';
import { consulAvailable, eventually, startConsul, type TestConsul } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ConfigurationWatchOptions, readConfigurationFromConsul, watchConfiguration } from '../src/index.js';

describe.skipIf(!(await consulAvailable()))('configuration in Consul', () => {
  let consul: TestConsul;
  const section = (more = {}) => ({ Host: consul.host, Port: consul.port, ...more });

  /** A watch that keeps what it is told. */
  function watch(options: Partial<ConfigurationWatchOptions> & { readonly key: string }) {
    const changes: string[] = [];
    const failures: string[] = [];
    const log = new MemoryLogger();
    const { key, ...rest } = options;
    const running = watchConfiguration(section({ ConfigurationKey: key }), {
      onChange: (text) => changes.push(text),
      onFailure: (error) => failures.push(error.message),
      log,
      ...rest,
    });
    return { changes, failures, log, running };
  }

  beforeAll(async () => {
    consul = await startConsul({ keepsData: true });
  });
  afterAll(() => consul.stop());

  it('reads the text under ConfigurationKey', async () => {
    await consul.putKey('gateways/one', '{ "Routes": [] } // ä€');
    expect(await readConfigurationFromConsul(section({ ConfigurationKey: 'gateways/one' }))).toBe(
      '{ "Routes": [] } // ä€',
    );
  });

  it('reads InternalConfiguration unless told otherwise (Ocelot: ConsulFileConfigurationRepository)', async () => {
    await consul.putKey('InternalConfiguration', '{}');
    expect(await readConfigurationFromConsul(section())).toBe('{}');
  });

  it('returns undefined, and writes nothing, when the key does not exist', async () => {
    expect(await readConfigurationFromConsul(section({ ConfigurationKey: 'nothing' }))).toBeUndefined();
    expect(await consul.key('nothing')).toBeUndefined();
  });

  it('writes the given text when the key does not exist, and returns it', async () => {
    const options = { writeIfMissing: '{"Routes":[]}' };
    expect(await readConfigurationFromConsul(section({ ConfigurationKey: 'new' }), options)).toBe('{"Routes":[]}');
    expect(await consul.key('new')).toBe('{"Routes":[]}');
  });

  it('never overwrites a key that exists', async () => {
    await consul.putKey('taken', 'theirs');
    const options = { writeIfMissing: 'ours' };
    expect(await readConfigurationFromConsul(section({ ConfigurationKey: 'taken' }), options)).toBe('theirs');
    expect(await consul.key('taken')).toBe('theirs');
  });

  it('agrees with a second gateway that writes at the same moment', async () => {
    const texts = await Promise.all(
      ['one', 'two', 'three'].map((writeIfMissing) =>
        readConfigurationFromConsul(section({ ConfigurationKey: 'raced' }), { writeIfMissing }),
      ),
    );
    expect(new Set(texts)).toEqual(new Set([await consul.key('raced')]));
  });

  it('names address and key when Consul cannot be reached', async () => {
    await expect(readConfigurationFromConsul({ Host: '127.0.0.1', Port: 1 })).rejects.toThrow(
      'Consul at http://127.0.0.1:1 could not be asked for the key "InternalConfiguration": connect ECONNREFUSED 127.0.0.1:1.',
    );
  });

  it('tells a change as soon as Consul knows it, and not what is known already', async () => {
    await consul.putKey('watched', 'one');
    const { changes, running } = watch({ key: 'watched', known: 'one' });
    await consul.putKey('watched', 'two');
    await eventually(() => changes.length > 0, 'the change is told');
    await consul.putKey('watched', 'three');
    await eventually(() => changes.length > 1, 'the next change is told');
    running.close();
    expect(changes).toEqual(['two', 'three']);
  });

  it('warns once when the key is deleted, and tells its return', async () => {
    await consul.putKey('deleted', 'one');
    const { changes, log, running } = watch({ key: 'deleted', known: 'one' });
    await consul.deleteKey('deleted');
    await eventually(() => log.lines.length > 0, 'the warning');
    await consul.putKey('deleted', 'two');
    await eventually(() => changes.length > 0, 'the return is told');
    running.close();
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'the key is gone: the configuration in force stays'],
    ]);
    expect(changes).toEqual(['two']);
  });

  it('is silent after close', async () => {
    await consul.putKey('closed', 'one');
    const { changes, failures, running } = watch({ key: 'closed' });
    await eventually(() => changes.length > 0, 'the first text');
    running.close();
    running.close();
    await consul.putKey('closed', 'two');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect({ changes, failures }).toEqual({ changes: ['one'], failures: [] });
  });

  it('survives a restart of the agent and tells what changed meanwhile', async () => {
    await consul.putKey('restarted', 'one');
    const { changes, failures, running } = watch({ key: 'restarted', known: 'one' });
    await consul.kill();
    await eventually(() => failures.length > 1, 'failures are told');
    await consul.start();
    await consul.putKey('restarted', 'two');
    await eventually(() => changes.length > 0, 'the change is told');
    running.close();
    expect(changes).toEqual(['two']);
  });
});
