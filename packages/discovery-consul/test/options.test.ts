import { describe, expect, it } from 'vitest';

import { consulAddress, readConsulSettings } from '../src/options.js';

describe('readConsulSettings', () => {
  it("begins with Ocelot's defaults", () => {
    expect(readConsulSettings({})).toEqual({
      scheme: 'http',
      host: 'localhost',
      port: 8500,
      token: undefined,
      tags: [],
      hostSource: 'service-address',
      pollingIntervalMs: 1_000,
      configurationKey: 'InternalConfiguration',
    });
  });

  it('reads what is written, in any case and as text where numbers are meant', () => {
    const written = {
      Type: 'Consul',
      Scheme: 'HTTPS',
      Host: ' consul.internal ',
      Port: '8501',
      Token: 'secret',
      PollingInterval: 250,
      ConfigurationKey: 'gateways/one',
      Tags: ['blue'],
      HostSource: 'Node-Name',
      Namespace: 'ignored',
    };
    expect(readConsulSettings(written)).toEqual({
      scheme: 'https',
      host: 'consul.internal',
      port: 8501,
      token: 'secret',
      tags: ['blue'],
      hostSource: 'node-name',
      pollingIntervalMs: 250,
      configurationKey: 'gateways/one',
    });
  });

  it.each([0, -1, null, ''])('takes the port %j as 8500 (Ocelot: ConsulProviderFactory)', (Port) => {
    expect(readConsulSettings({ Port }).port).toBe(8500);
  });

  it('takes null and empty texts as absent', () => {
    expect(readConsulSettings({ Scheme: '', Host: null, Token: '', ConfigurationKey: ' ', Tags: null })).toEqual(
      readConsulSettings({}),
    );
  });

  it('takes a single tag as a list of one', () => {
    expect(readConsulSettings({ Tags: 'blue' }).tags).toEqual(['blue']);
  });

  it.each([
    [{ Scheme: 'ftp' }, 'Scheme must be "http" or "https" for Consul, not "ftp".'],
    [{ Host: 'http://consul:8500' }, 'Host must be a host name or an address without scheme and port'],
    [{ Host: 'a\r\nb' }, 'Host must be a host name'],
    [{ Port: 70_000 }, 'Port must be at most 65535, not 70000.'],
    [{ Port: 8500.5 }, 'Port must be a whole number, not 8500.5.'],
    [{ Port: 'many' }, 'Port must be a whole number, not "many".'],
    [{ PollingInterval: {} }, 'PollingInterval must be a whole number, not {}.'],
    [{ Tags: [1] }, 'Tags must be a list of texts, not [1].'],
    [{ HostSource: 'magic' }, 'HostSource must be "service-address" or "node-name", not "magic".'],
    [{ ConfigurationKey: 5 }, 'ConfigurationKey must be text, not 5.'],
  ])('refuses %j and names the key', (options, message) => {
    expect(() => readConsulSettings(options)).toThrow(message);
  });

  it('refuses a token that would break a header line, without showing it', () => {
    const read = (): unknown => readConsulSettings({ Token: 'sec\r\nret' });
    expect(read).toThrow('Token holds a character that no Consul token has');
    expect(read).not.toThrow(/sec\s*ret/);
  });
});

describe('consulAddress', () => {
  it('puts brackets around an IPv6 address, written with or without', () => {
    expect(consulAddress(readConsulSettings({ Host: '::1' }))).toBe('http://[::1]:8500');
    expect(consulAddress(readConsulSettings({ Host: '[::1]' }))).toBe('http://[::1]:8500');
  });
});
