import { describe, expect, it } from 'vitest';

import { type HealthEntry, readHealthEntries } from '../src/health-entry.js';
import type { HostSource } from '../src/options.js';

function read(entry: HealthEntry, hostSource: HostSource = 'service-address', tags: readonly string[] = []) {
  const { endpoints, warnings } = readHealthEntries([entry], { hostSource, tags });
  return { endpoint: endpoints[0], warnings };
}

const NODE = { Node: 'node-1', Address: '10.0.0.1' };

describe('readHealthEntries', () => {
  it('takes address, port, weight, tags and metadata over', () => {
    const { endpoint, warnings } = read({
      Node: NODE,
      Service: {
        ID: 'web-1',
        Address: '10.0.0.9',
        Port: 8080,
        Tags: ['blue', 'version-2.1', 'version-3'],
        Meta: { zone: 'a' },
        Weights: { Passing: 7 },
      },
    });
    expect(endpoint).toEqual({
      host: '10.0.0.9',
      port: 8080,
      weight: 7,
      tags: ['blue', 'version-2.1', 'version-3'],
      metadata: { zone: 'a', version: '2.1' },
    });
    expect(warnings).toEqual([]);
  });

  it.each([
    ['2001:db8::9', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['::ffff:192.0.2.9', '::ffff:192.0.2.9'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('takes the IPv6 address %s over without brackets', (Address, host) => {
    expect(read({ Node: NODE, Service: { Address, Port: 80 } }).endpoint?.host).toBe(host);
    expect(read({ Node: { Node: 'n', Address }, Service: { Address: '', Port: 80 } }).endpoint?.host).toBe(host);
  });

  it("uses the node's address when the instance has none of its own", () => {
    expect(read({ Node: NODE, Service: { Address: '', Port: 80 } }).endpoint?.host).toBe('10.0.0.1');
  });

  it('uses the name of the node when asked to, as Ocelot does', () => {
    expect(read({ Node: NODE, Service: { Address: 'a', Port: 80 } }, 'node-name').endpoint?.host).toBe('node-1');
    expect(read({ Node: null, Service: { Address: 'a', Port: 80 } }, 'node-name').endpoint?.host).toBe('a');
  });

  it('drops an instance without an address under node-name, as Ocelot does', () => {
    expect(read({ Node: NODE, Service: { Address: '', Port: 80 } }, 'node-name').endpoint).toBeUndefined();
  });

  it('keeps the metadata version of the instance when no tag names one', () => {
    expect(read({ Service: { Address: 'a', Port: 80, Meta: { version: '9' } } }).endpoint?.metadata).toEqual({
      version: '9',
    });
  });

  it('leaves instances without all of the wanted tags out, without a warning', () => {
    const entry = { Service: { Address: 'a', Port: 80, Tags: ['blue', 'eu'] } };
    expect(read(entry, 'service-address', ['eu', 'blue']).endpoint?.host).toBe('a');
    expect(read(entry, 'service-address', ['eu', 'green'])).toEqual({ endpoint: undefined, warnings: [] });
  });

  it.each([
    [{ Address: ' ', Port: 80 }, 'it has no address.'],
    [{ Address: 'HTTPS://a', Port: 80 }, 'its address "HTTPS://a" must not begin with a scheme.'],
    [{ Address: 'a', Port: 0 }, 'the port must be a whole number from 1 to 65535.'],
    [{ Address: 'a', Port: -1 }, 'the port must be'],
    [{ Address: 'a' }, 'the port must be'],
    [{ Address: 'a\r\nX-Admin: 1', Port: 80 }, 'the host is not usable.'],
    [{ Address: 'a\u0000', Port: 80 }, 'the host is not usable.'],
    [{ Address: 'user@a', Port: 80 }, 'the host is not usable.'],
    [{ Address: 'a/b', Port: 80 }, 'the host is not usable.'],
    [{ Address: 'unix:/var/run/docker.sock', Port: 80 }, 'is a Unix-domain socket, which no registry may name.'],
  ])('leaves %j out with a warning that names the instance', (service, reason) => {
    const { endpoint, warnings } = read({ Service: { ID: 'web-1', ...service } });
    expect(endpoint).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^instance "web-1" is left out: /)]);
    expect(warnings[0]).toContain(reason);
  });

  it.each([null, {}, { Service: null }, { Service: { Tags: null, Meta: null, Weights: null } }, 'text', 7])(
    'leaves %j out with a warning and goes on with the next',
    (entry) => {
      const good = { Service: { Address: 'a', Port: 80 } };
      const { endpoints, warnings } = readHealthEntries([entry as HealthEntry, good], {
        hostSource: 'service-address',
        tags: [],
      });
      expect(endpoints.map(({ host }) => host)).toEqual(['a']);
      expect(warnings).toHaveLength(1);
    },
  );
});
