import { describe, expect, it } from 'vitest';

import { ConfigError, type Plugin } from '../../src/index.js';
import { PluginRegistry } from '../../src/runtime/registry.js';

const policy = () => ({
  pick: () => {
    throw new Error('not used');
  },
});

describe('PluginRegistry', () => {
  it('finds a name without regard to case, as Ocelot finds a Type', async () => {
    const registry = new PluginRegistry();
    await registry.add({ name: 'mine', setup: (to) => to.balancing('MyPolicy', policy) });
    expect(registry.balancing.get('mypolicy')).toBe(policy);
    expect(registry.balancing.names).toEqual(['MyPolicy']);
  });

  it('refuses a second claim on a name, naming both plugins', async () => {
    const registry = new PluginRegistry();
    const claim = (name: string): Plugin => ({ name, setup: (to) => to.balancing('Same', policy) });
    await registry.add(claim('first'));
    await expect(registry.add(claim('second'))).rejects.toThrow(
      'plugin second: the load balancer type "Same" is registered already, by the plugin first.',
    );
  });

  it('names the plugin whose setup fails, and keeps the cause', async () => {
    const fault = new Error('no licence');
    const adding = new PluginRegistry().add({ name: 'paid', setup: () => Promise.reject(fault) });
    await expect(adding).rejects.toBeInstanceOf(ConfigError);
    await expect(adding).rejects.toMatchObject({ message: 'plugin paid: its setup failed: no licence', cause: fault });
  });
});
