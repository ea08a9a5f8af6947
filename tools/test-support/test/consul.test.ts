import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type TestConsul, consulAvailable, eventually, startConsul } from '../src/index.js';

function folders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('ocelot-consul-'));
}

describe.skipIf(!(await consulAvailable()))('startConsul', () => {
  let consul: TestConsul;
  const passing = async (name: string): Promise<number> => {
    const { body } = await consul.call('GET', `/v1/health/service/${name}?passing`);
    return (JSON.parse(body) as unknown[]).length;
  };

  beforeAll(async () => {
    consul = await startConsul();
  });
  afterAll(() => consul.stop());

  it('registers, fails, mends and deregisters instances', async () => {
    await consul.register({ name: 'web', port: 7001, check: 'passing' });
    expect(await passing('web')).toBe(1);
    await consul.setCheck('web', 'critical');
    await eventually(async () => (await passing('web')) === 0, 'the instance is out');
    await consul.setCheck('web', 'passing');
    await eventually(async () => (await passing('web')) === 1, 'the instance is back');
    await consul.deregister('web');
    await consul.deregister('web');
    expect(await passing('web')).toBe(0);
  });

  it('puts, reads and deletes keys', async () => {
    await consul.putKey('a/b', '{"x":1}');
    expect(await consul.key('a/b')).toBe('{"x":1}');
    await consul.deleteKey('a/b');
    expect(await consul.key('a/b')).toBeUndefined();
  });

  it('begins again on the same port after a restart, empty', async () => {
    await consul.register({ name: 'web', port: 7001 });
    await consul.restart();
    expect(await passing('web')).toBe(0);
  });

  it('keeps data over a restart when asked to', async () => {
    const keeping = await startConsul({ keepsData: true });
    try {
      await keeping.putKey('kept', 'yes');
      await keeping.restart();
      expect(await keeping.key('kept')).toBe('yes');
    } finally {
      await keeping.stop();
    }
  });

  it('denies everything but to the holder of the master token when access control is on', async () => {
    const guarded = await startConsul({ masterToken: 'b1a7c3d2-0000-4000-8000-000000000001' });
    try {
      await guarded.register({ name: 'web', port: 7001 });
      const { body } = await guarded.call('GET', '/v1/health/service/web?passing');
      expect(JSON.parse(body)).toHaveLength(1);
    } finally {
      await guarded.stop();
    }
  });

  it('leaves no process and no folder behind', async () => {
    const before = folders();
    const short = await startConsul();
    const [folder = ''] = folders().filter((name) => !before.includes(name));
    await short.stop();
    await short.stop();
    expect(existsSync(`${tmpdir()}/${folder}`)).toBe(folder === '');
    await expect(short.call('GET', '/v1/status/leader')).rejects.toThrow('ECONNREFUSED');
  });
});
