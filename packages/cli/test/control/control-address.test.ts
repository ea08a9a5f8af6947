import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { ConfigError, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { CommandError } from '../../src/command-error.js';
import { ControlAddress } from '../../src/control/control-address.js';

const TERMINAL = { cwd: '/', env: {} };
const config = (Admin?: object) =>
  readConfiguration({ Routes: [], GlobalConfiguration: { Gateway: Admin === undefined ? {} : { Admin } } });
const done = (): Promise<void> => Promise.resolve();

async function open(Admin?: object): Promise<{ address: ControlAddress; log: MemoryLogger }> {
  const log = new MemoryLogger();
  const address = await ControlAddress.open(config(Admin), TERMINAL, log);
  onTestFinished(() => address.close());
  return { address, log };
}

const ready = async ({ url }: ControlAddress): Promise<number> => (await fetch(`${url}/ready`)).status;

describe('ControlAddress', () => {
  it('opens nothing unless the configuration says so', async () => {
    const { address, log } = await open();
    expect(address.url).toBeUndefined();
    expect(log.lines).toEqual([]);
  });

  it('tells the log where it is open', async () => {
    const { address, log } = await open({ Port: 0 });
    expect(log.lines).toMatchObject([
      { level: 'info', message: 'control address open', fields: { url: address.url, hasToken: false } },
    ]);
  });

  it('is ready once the gateway is attached, and not while it drains', async () => {
    const { address } = await open({ Port: 0 });
    expect(await ready(address)).toBe(503);
    address.attach({ calls: [], isServing: true, ask: () => Promise.reject(new Error('not asked')) });
    expect(await ready(address)).toBe(200);
    address.draining();
    expect(await ready(address)).toBe(503);
  });

  it('stays open where it is across a reload that does not move it', async () => {
    const { address } = await open({ Port: 0 });
    const before = address.url;
    expect(await address.follow(config({ Port: 0, Token: 'c0ffee-c0ffee-c0ffee' }), () => Promise.resolve(7))).toBe(7);
    expect(address.url).toBe(before);
    expect((await fetch(`${before}/`)).status).toBe(401);
  });

  it('moves with a reload, and closes the old address', async () => {
    const { address } = await open({ Port: 0 });
    const before = address.url;
    await address.follow(config({ Port: 0, Host: '127.0.0.2' }), done);
    expect(address.url).toContain('http://127.0.0.2:');
    expect(await ready(address)).toBe(503);
    await expect(fetch(`${before}/ready`)).rejects.toThrow('fetch failed');
  });

  it('is opened and closed by reloads that add and remove it', async () => {
    const { address } = await open();
    await address.follow(config({ Port: 0 }), done);
    const { url } = address;
    expect(await ready(address)).toBe(503);
    await address.follow(config(), done);
    expect(address.url).toBeUndefined();
    await expect(fetch(`${url}/ready`)).rejects.toThrow('fetch failed');
  });

  it('stays where it is when the gateway refuses the configuration', async () => {
    const { address } = await open({ Port: 0 });
    const before = address.url;
    const refusing = address.follow(config({ Port: 0, Host: '127.0.0.2' }), () => Promise.reject(new Error('no')));
    await expect(refusing).rejects.toThrow('no');
    expect(address.url).toBe(before);
    expect(await ready(address)).toBe(503);
  });

  it('refuses a reload to a port that is taken, before the gateway sees it', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { address } = await open({ Port: 0 });
    let isApplied = false;
    const moving = address.follow(config({ Port: (taken.address() as AddressInfo).port }), () => {
      isApplied = true;
      return Promise.resolve();
    });
    await expect(moving).rejects.toThrow(CommandError);
    await expect(moving).rejects.toMatchObject({ hint: expect.stringContaining('with Gateway.Admin.Port') as string });
    expect(isApplied).toBe(false);
    expect(await ready(address)).toBe(503);
  });

  it('refuses to open where everybody could call', async () => {
    await expect(open({ Port: 0, Host: '0.0.0.0' })).rejects.toThrow(ConfigError);
  });
});
