import { describe, expect, it } from 'vitest';

import { readConfiguration } from '../../../src/index.js';
import { fileWith, findings, routeWith } from '../file-with.js';

const registry = { ServiceDiscoveryProvider: { Port: 8500 } };
const dynamic = (global: object, routes: readonly object[] = []) =>
  readConfiguration({ DynamicRoutes: routes, GlobalConfiguration: { ...registry, ...global } }).dynamic;

describe('dynamic routing', () => {
  it('is in force when there is no static route and the registry has a port', () => {
    expect(dynamic({})).toBeDefined();
    expect(
      readConfiguration({ GlobalConfiguration: { ServiceDiscoveryProvider: { Host: 'consul', Type: 'Consul' } } })
        .dynamic,
    ).toBeUndefined();
    expect(readConfiguration(fileWith({}, registry)).dynamic).toBeUndefined();
  });

  it('has a fallback made of the global section alone', () => {
    const global = {
      DownstreamScheme: 'wss',
      LoadBalancerOptions: { Type: 'RoundRobin' },
      SecurityOptions: { IPBlockedList: ['10.0.0.1'] },
      Gateway: { MaxConnections: 5 },
    };
    expect(dynamic(global)?.fallback).toMatchObject({
      id: 'dynamic',
      match: { pathTemplate: '/{everything}', methods: [], priority: 0 },
      source: { kind: 'discovered', service: { name: '', namespace: '' } },
      scheme: 'wss',
      balancing: { type: 'RoundRobin' },
      limits: { maxConnections: 5 },
      ipRules: { blocked: ['10.0.0.1'] },
    });
  });

  it('has an entry for each service of DynamicRoutes, with its own settings over the global ones', () => {
    const entries = dynamic({ DownstreamScheme: 'http', Timeout: 9 }, [
      { ServiceName: 'chat', DownstreamScheme: 'ws', Timeout: 5, Metadata: { a: 'b' } },
      { ServiceName: 'chat', ServiceNamespace: 'prod', AuthenticationOptions: { AuthenticationProviderKey: 'x' } },
      { Timeout: 1 },
    ])?.entries;
    expect(entries).toMatchObject([
      {
        id: 'dynamic chat',
        scheme: 'ws',
        timeouts: { handshakeMs: 5000 },
        metadata: { a: 'b' },
        location: 'ocelot.json#/DynamicRoutes/0',
      },
      {
        id: 'dynamic prod.chat',
        scheme: 'http',
        source: { service: { name: 'chat', namespace: 'prod' } },
        unenforced: ['AuthenticationOptions'],
      },
    ]);
    expect(entries).toHaveLength(2);
  });

  it('ignores keys of static routes on an entry, as it reports, whatever their values are', () => {
    const keys = {
      ServiceName: 'chat',
      DangerousAcceptAnyServerCertificateValidator: 'false',
      SecurityOptions: { IPAllowedList: 'nobody', IPBlockedList: [5] },
    };
    const global = { SecurityOptions: { IPBlockedList: ['10.0.0.1'] } };
    expect(dynamic(global, [keys])?.entries).toMatchObject([
      { acceptAnyServerCertificate: false, ipRules: { allowed: [], blocked: ['10.0.0.1'] } },
    ]);
    expect(findings({ DynamicRoutes: [keys], GlobalConfiguration: { ...registry, ...global } })).toEqual([
      'warning UnknownKey /DynamicRoutes/0/DangerousAcceptAnyServerCertificateValidator',
      'warning UnknownKey /DynamicRoutes/0/SecurityOptions',
    ]);
  });
});

describe('the registry', () => {
  const discoveryOf = (file: object) => readConfiguration(file).discovery;

  it('is absent when nothing names one, or only nulls and zeros do', () => {
    expect(discoveryOf(fileWith())).toBeUndefined();
    expect(discoveryOf(fileWith({}, { ServiceDiscoveryProvider: { Type: null, Host: '', Port: 0 } }))).toBeUndefined();
  });

  it('is Consul unless another type is named; options keep their spelling', () => {
    expect(discoveryOf(fileWith({}, { ServiceDiscoveryProvider: { port: '8500', Datacenter: 'dc1' } }))).toEqual({
      type: 'Consul',
      options: { Port: 8500, Datacenter: 'dc1' },
      location: 'ocelot.json#/GlobalConfiguration/ServiceDiscoveryProvider',
    });
    expect(discoveryOf(fileWith({}, { ServiceDiscoveryProvider: { Type: ' Eureka ' } }))?.type).toBe('Eureka');
  });

  it('is Consul in its own place when a route names a service and the file no registry', () => {
    expect(discoveryOf({ Routes: [routeWith({ ServiceName: 'chat' })] })).toEqual({
      type: 'Consul',
      options: {},
      location: 'ocelot.json#',
    });
  });
});
