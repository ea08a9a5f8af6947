import { describe, expect, it } from 'vitest';

import { inspectConfiguration } from '../../../src/index.js';
import { fileWith, findings } from '../file-with.js';

const hintsOf = (file: object): readonly (string | undefined)[] =>
  inspectConfiguration(file)
    .issues.filter((issue) => issue.kind === 'UnknownKey')
    .map((issue) => issue.hint);

describe('unknown keys', () => {
  it.each([
    [{ GlobalConfiguratioin: { BaseUrl: 'a' } }, 'Is GlobalConfiguration meant?'],
    [{ GlobbalConfiguration: { BaseUrl: 'a' } }, 'Is GlobalConfiguration meant?'],
    [{ Route: [1] }, 'Is Routes meant?'],
    [fileWith({ ReRoutesCaseSensitive: true }), 'Is RouteIsCaseSensitive meant?'],
    [fileWith({ UpstreamPathTemplates: 'a' }), 'Is UpstreamPathTemplate meant?'],
    [fileWith({ Prioirty: 5 }), 'Is Priority meant?'],
    [fileWith({ AuthenticationOptions: { AllowScopes: ['a'] } }), 'Is AllowedScopes meant?'],
    [fileWith({}, { Gateway: { MaxConnection: 5 } }), 'Is MaxConnections meant?'],
    [
      fileWith({}, { ServiceDiscoveryProvider: { PollingIntervalSeconds: 5, Port: 8500 } }),
      'Is PollingInterval meant?',
    ],
  ])('name the nearest known one: %j', (file, hint) => {
    expect(hintsOf(file)).toEqual([hint]);
  });

  it('say where a key belongs that stands in the wrong place', () => {
    expect(hintsOf(fileWith({ AllowedOrigins: ['https://a'] }))).toEqual([
      'It belongs into RouteGateway or GlobalGateway.',
    ]);
    expect(hintsOf(fileWith({ Gateway: { TrustedProxies: ['10.0.0.1'] } }))).toEqual([
      'It belongs into GlobalGateway.',
    ]);
  });

  it('say that nothing like it is known', () => {
    expect(hintsOf(fileWith({ Zzzzzzzz: 1 }))).toEqual(['Remove it, or check its spelling.']);
  });

  it('pass in silence where they are null, empty, zero or false', () => {
    expect(findings({ ...fileWith({ Prioirty: 0, Zzz: null, Yyy: {}, Xxx: [] }), Wwwww: '' })).toEqual([]);
  });

  it('pass in silence when they are known to belong to the host or to another package', () => {
    const host = {
      Logging: { A: 1 },
      AllowedHosts: '*',
      Urls: 'x',
      Jwt: { Key: 'k' },
      Serilog: { A: 1 },
      ConnectionStrings: { A: 'b' },
    };
    expect(
      findings({ ...host, SwaggerEndPoints: [1], ...fileWith({ SwaggerKey: 'a', _comment: 'b', '//': 'c' }) }),
    ).toEqual([]);
  });

  it('are the own keys of providers and policies in their sections, unless they look like a slip', () => {
    const own = { Datacenter: 'dc1', Zones: ['a'], Port: 8500 };
    expect(
      findings(fileWith({ LoadBalancerOptions: { Type: 'Mine', Spread: 3 } }, { ServiceDiscoveryProvider: own })),
    ).toEqual([]);
    expect(hintsOf(fileWith({ LoadBalancerOptions: { Type: 'RoundRobin', Expiri: 3 } }))).toEqual(['Is Expiry meant?']);
  });

  it('say what to do about keys that no version reads any more', () => {
    const { issues } = inspectConfiguration(fileWith({ UseServiceDiscovery: true }, { AdministrationPath: '/admin' }));
    expect(issues.map(({ kind, hint }) => [kind, hint])).toEqual([
      ['ObsoleteKey', 'Remove it: a ServiceName alone switches discovery on.'],
      ['ObsoleteKey', 'Remove it: the administration interface is configured elsewhere since Ocelot 3.'],
    ]);
  });
});
