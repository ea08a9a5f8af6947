import { describe, expect, it } from 'vitest';

import { inspectConfiguration, mergeConfigParts, parseConfigText, readConfiguration } from '../../src/index.js';
import { nodeValue } from '../../src/config/config-node.js';

const part = (fileName: string, value: object) => parseConfigText(JSON.stringify(value), fileName);
const merged = (...parts: readonly ReturnType<typeof part>[]) => nodeValue(mergeConfigParts(parts).root);

const route = (path: string) => ({
  UpstreamPathTemplate: path,
  DownstreamPathTemplate: '/',
  DownstreamHostAndPorts: [{ Host: 'localhost', Port: 80 }],
});

describe('mergeConfigParts', () => {
  it('concatenates routes, dynamic routes and aggregates in the order of the parts', () => {
    const a = part('ocelot.a.json', { Routes: [1], DynamicRoutes: [2], Aggregates: [3] });
    const b = part('ocelot.b.json', { Routes: [4], DynamicRoutes: [5], Aggregates: [6] });
    expect(merged(a, b)).toEqual({ Routes: [1, 4], DynamicRoutes: [2, 5], Aggregates: [3, 6] });
  });

  it('compares section names without case, and old section names as new ones', () => {
    expect(merged(part('ocelot.a.json', { ROUTES: [1] }), part('ocelot.b.json', { reRoutes: [2] }))).toEqual({
      ROUTES: [1, 2],
    });
  });

  it('takes GlobalConfiguration whole from ocelot.global.json alone, and says which it ignores', () => {
    const a = part('conf/ocelot.a.json', { Routes: [], GlobalConfiguration: { BaseUrl: 'a', RequestIdKey: 'x' } });
    const global = part('conf/OCELOT.Global.json', { GlobalConfiguration: { BaseUrl: 'global' } });
    expect(merged(a, global)).toEqual({ Routes: [], GlobalConfiguration: { BaseUrl: 'global' } });
    expect(mergeConfigParts([a, global]).issues).toMatchObject([
      { severity: 'warning', kind: 'GlobalConfigurationIgnored', source: 'conf/ocelot.a.json#/GlobalConfiguration' },
    ]);
  });

  it('keeps unknown content of the parts: lists joined, objects merged, the last of other values', () => {
    const a = part('ocelot.a.json', { SwaggerEndPoints: [1], Logging: { A: 1 }, urls: 'a' });
    const b = part('ocelot.b.json', { SwaggerEndPoints: [2], logging: { B: 2 }, urls: 'b' });
    expect(merged(a, b)).toEqual({ SwaggerEndPoints: [1, 2], Logging: { A: 1, B: 2 }, urls: 'b' });
  });

  it('leaves a single file as it is, GlobalConfiguration included', () => {
    const only = part('ocelot.json', { Routes: [], GlobalConfiguration: { BaseUrl: 'a' } });
    expect(mergeConfigParts([only])).toBe(only);
  });

  it('keeps the place of every value, so that an issue names its own file, pointer and line', () => {
    const a = part('ocelot.a.json', { Routes: [route('/a')] });
    const b = parseConfigText('{\n "Routes": [\n  { "UpstreamPathTemplate": "b" } ] }', 'ocelot.b.json');
    const { issues } = inspectConfiguration([a, b]);
    expect(issues.filter((issue) => issue.severity === 'error')).toMatchObject([
      { kind: 'DownstreamPathEmpty', source: 'ocelot.b.json#/Routes/0', line: 3, column: 3 },
      {
        kind: 'UpstreamPathNoLeadingSlash',
        source: 'ocelot.b.json#/Routes/0/UpstreamPathTemplate',
        line: 3,
        column: 5,
      },
      { kind: 'NoHosts', source: 'ocelot.b.json#/Routes/0' },
    ]);
  });

  it('carries the syntax errors of every part', () => {
    const { config, issues } = inspectConfiguration([part('ocelot.a.json', {}), parseConfigText('{', 'ocelot.b.json')]);
    expect(config).toBeUndefined();
    expect(issues).toMatchObject([{ kind: 'JsonSyntax', source: 'ocelot.b.json#' }]);
  });

  it('is what readConfiguration does with several documents', () => {
    const config = readConfiguration([
      part('ocelot.a.json', { Routes: [route('/a')] }),
      part('ocelot.b.json', { Routes: [route('/b')] }),
    ]);
    expect(config.routes.map((r) => r.location)).toEqual(['ocelot.a.json#/Routes/0', 'ocelot.b.json#/Routes/0']);
  });
});
