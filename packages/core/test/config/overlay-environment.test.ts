import { describe, expect, it } from 'vitest';

import { inspectConfiguration, overlayEnvironment, parseConfigText, readConfiguration } from '../../src/index.js';
import { nodeValue } from '../../src/config/config-node.js';

const base = parseConfigText(
  JSON.stringify({
    Routes: [
      {
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/ws',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [
          { Host: 'a', Port: 80 },
          { Host: 'b', Port: 80 },
        ],
      },
    ],
  }),
  'ocelot.json',
);

const endpoints = (env: Record<string, string | undefined>) => {
  const source = readConfiguration(overlayEnvironment(base, env)).routes[0]?.source;
  return source?.kind === 'static' ? source.endpoints.map(({ host, port }) => `${host}:${port}`) : [];
};

describe('overlayEnvironment', () => {
  it('overrides one value of one entry by its path', () => {
    expect(endpoints({ Routes__0__DownstreamHostAndPorts__0__Port: '81' })).toEqual(['a:81', 'b:80']);
  });

  it('compares every level without case, and takes a colon for a level too', () => {
    expect(endpoints({ ROUTES__0__downstreamhostandports__1__PORT: '82' })).toEqual(['a:80', 'b:82']);
    expect(endpoints({ 'Routes:0:DownstreamHostAndPorts:1:Port': '83' })).toEqual(['a:80', 'b:83']);
  });

  it('adds an entry behind the last one', () => {
    expect(
      endpoints({ Routes__0__DownstreamHostAndPorts__7__Host: 'c', Routes__0__DownstreamHostAndPorts__7__Port: '90' }),
    ).toEqual(['a:80', 'b:80', 'c:90']);
  });

  it('makes sections that the file does not have', () => {
    const document = overlayEnvironment(base, { GlobalConfiguration__Gateway__MaxConnections: '7' });
    expect(readConfiguration(document).routes[0]?.limits.maxConnections).toBe(7);
    const empty = parseConfigText('', 'ocelot.json');
    const config = readConfiguration(
      overlayEnvironment(empty, {
        Routes__0__UpstreamPathTemplate: '/',
        Routes__0__DownstreamPathTemplate: '/',
        Routes__0__UpstreamHttpMethod__0: 'GET',
        Routes__0__DownstreamHostAndPorts__0__Host: 'a',
        Routes__0__DownstreamHostAndPorts__0__Port: '1',
      }),
    );
    expect(config.routes[0]?.match.methods).toEqual(['GET']);
  });

  it('overrides routes under their old name', () => {
    const old = parseConfigText('{"ReRoutes":[{"Priority":1}]}', 'ocelot.json');
    expect(nodeValue(overlayEnvironment(old, { ReRoutes__0__Priority: '4' }).root)).toEqual({
      ReRoutes: [{ Priority: '4' }],
    });
    expect(nodeValue(overlayEnvironment(old, { Routes__0__Priority: '4' }).root)).toEqual({
      ReRoutes: [{ Priority: '4' }],
    });
  });

  it('leaves the document alone when no variable is about it', () => {
    expect(
      overlayEnvironment(base, {
        PATH: '/bin',
        Routes: 'x',
        ROUTES_0_KEY: 'y',
        Serilog__Level: 'z',
        Routes__0__Key: undefined,
      }),
    ).toBe(base);
  });

  it('names the variable that holds a wrong value', () => {
    const { issues } = inspectConfiguration(overlayEnvironment(base, { Routes__0__Priority: 'high' }));
    expect(issues).toMatchObject([{ severity: 'error', kind: 'NotANumber', source: 'env:Routes__0__Priority' }]);
  });

  it('warns of a variable that names no entry', () => {
    const { issues, config } = inspectConfiguration(
      overlayEnvironment(base, { Routes__first__Key: 'a', GlobalConfiguration____BaseUrl: 'x' }),
    );
    expect(issues).toMatchObject([
      { severity: 'warning', kind: 'EnvironmentVariable', source: 'env:GlobalConfiguration____BaseUrl' },
      { severity: 'warning', kind: 'EnvironmentVariable', source: 'env:Routes__first__Key' },
    ]);
    expect(config?.routes).toHaveLength(1);
  });
});
