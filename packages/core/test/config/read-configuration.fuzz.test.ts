import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CONFIG_REFERENCE, inspectConfiguration, overlayConfig, parseConfigText } from '../../src/index.js';
import { routeWith } from './file-with.js';

// Attack: configurations made of Ocelot's own keys with values of every wrong type, at every level.

const names = [
  ...new Set(
    CONFIG_REFERENCE.flatMap((section) => [...section.keys.map((key) => key.name), ...Object.keys(section.oldNames)]),
  ),
];

const { node: anyNode } = fc.letrec<{ readonly node: unknown; readonly leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      80,
      '',
      ' ',
      '/',
      '/{a}',
      '/{a}/{a}',
      '//',
      'GET',
      'ws',
      '10.0.0.0/8',
      'True',
      '12',
      '*',
    ),
    fc.string({ maxLength: 6 }),
  ),
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('node'), { maxKeys: 6 }),
  ),
}));

const anyObject = fc.dictionary(fc.constantFrom(...names), anyNode, { maxKeys: 8 });
// Half of the routes are sound but for what the attack adds, so that the way behind validation is walked too.
const anyRoute = fc.oneof(
  anyObject,
  fc.tuple(fc.nat(), anyObject).map(([n, keys]) => routeWith({ UpstreamPathTemplate: `/${n}/{room}`, ...keys })),
  fc.nat().map((n) => routeWith({ UpstreamPathTemplate: `/${n}/{room}` })),
);
const anyFile = fc.record(
  {
    Routes: fc.array(anyRoute, { maxLength: 3 }),
    DynamicRoutes: fc.array(anyObject, { maxLength: 2 }),
    Aggregates: fc.array(anyObject, { maxLength: 2 }),
    GlobalConfiguration: anyObject,
  },
  { requiredKeys: [] },
);

describe('inspectConfiguration', () => {
  it('never throws, and gives a configuration exactly when no issue is an error', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const { config, issues } = inspectConfiguration(file, {
          authenticationProviders: [],
          qualityOfService: false,
          discovery: false,
        });
        expect(config === undefined).toBe(issues.some((issue) => issue.severity === 'error'));
        for (const issue of issues) expect(issue.source).toMatch(/^ocelot\.json#/);
      }),
      { numRuns: 200 },
    );
  });

  it('reads any text, and any overlay of two files', () => {
    fc.assert(
      fc.property(anyFile, anyFile, fc.string(), (base, over, text) => {
        expect(inspectConfiguration(parseConfigText(text, 'x')).issues).toBeDefined();
        const document = overlayConfig(
          parseConfigText(JSON.stringify(base), 'a'),
          parseConfigText(JSON.stringify(over), 'b'),
        );
        expect(inspectConfiguration(document).issues).toBeDefined();
      }),
      { numRuns: 100 },
    );
  });

  it('reads the same from the text as from the object', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const kinds = (input: object) =>
          inspectConfiguration(input).issues.map((issue) => `${issue.kind} ${issue.source}`);
        expect(kinds(parseConfigText(JSON.stringify(file), 'ocelot.json'))).toEqual(kinds(file));
      }),
      { numRuns: 100 },
    );
  });
});
