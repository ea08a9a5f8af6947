import { ConfigError, mergeConfigParts, overlayConfig, parseConfigText } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { configPlace, placedError, placedIssue } from '../src/config-place.js';

const FILE = parseConfigText(
  `{
  "Routes": [
    { "Key": "first" },
    { "Key": "second",
      "QoSOptions": { "BreakDuration": 5 } }
  ],
  "GlobalConfiguration": {
    "gateway": {
      "Authentication": { "Providers": { "a/b": { "Type": "Jwt" } } }
    }
  }
}`,
  'gateway.json',
);

const issue = (source: string) => ({ severity: 'error', kind: 'Any', source, message: 'No.' }) as const;

describe('configPlace', () => {
  it('finds a value without regard to case', () => {
    const place = configPlace(FILE, ['GlobalConfiguration', 'Gateway', 'authentication']);
    expect(place).toMatchObject({ source: 'gateway.json#/GlobalConfiguration/gateway/Authentication', line: 9 });
  });

  it('finds nothing where nothing is', () => {
    expect(configPlace(FILE, ['GlobalConfiguration', 'Gateway', 'Admin'])).toBeUndefined();
  });
});

describe('placedIssue', () => {
  it.each([
    ['ocelot.json#/GlobalConfiguration/Gateway/Authentication/Providers/a~1b/Type'],
    ['GlobalConfiguration/Gateway/Authentication/Providers/a~1b/Type'],
  ])('gives what a plugin calls %s its file, line and column', (source) => {
    expect(placedIssue(issue(source), FILE)).toMatchObject({
      source: 'gateway.json#/GlobalConfiguration/gateway/Authentication/Providers/a~1b/Type',
      line: 9,
    });
  });

  it('knows places that are written with dots', () => {
    const placed = placedIssue(issue('GlobalConfiguration.Gateway.Authentication.Providers'), FILE);
    expect(placed).toMatchObject({
      source: 'gateway.json#/GlobalConfiguration/gateway/Authentication/Providers',
      line: 9,
    });
  });

  it('has the line of the section for a key that is missing', () => {
    expect(placedIssue(issue('gateway.json#/Routes/1/QoSOptions/Timeout'), FILE)).toMatchObject({
      source: 'gateway.json#/Routes/1/QoSOptions/Timeout',
      line: 5,
    });
  });

  it('finds a route where it stands in its own file', () => {
    const other = parseConfigText('{ "Routes": [\n{ "Key": "third" }\n] }', 'ocelot.other.json');
    const document = mergeConfigParts([FILE, other]);
    const source = 'ocelot.other.json#/Routes/0/Key';
    expect(placedIssue(issue(source), document)).toMatchObject({ source, line: 2 });
  });

  it('names the file that a value was laid over from', () => {
    const over = parseConfigText('{ "Routes": [{}, { "QoSOptions": { "BreakDuration": 6 } }] }', 'ocelot.Test.json');
    const placed = placedIssue(issue('gateway.json#/Routes/1/QoSOptions/BreakDuration'), overlayConfig(FILE, over));
    expect(placed).toMatchObject({ source: 'ocelot.Test.json#/Routes/1/QoSOptions/BreakDuration', line: 1 });
  });

  it('leaves alone what has a line, and what it does not find', () => {
    const known = { ...issue('a.json#/Routes/0'), line: 7 };
    expect(placedIssue(known, FILE)).toBe(known);
    const unknown = issue('elsewhere.json#/Routes/7');
    expect(placedIssue(unknown, FILE)).toBe(unknown);
  });
});

describe('placedError', () => {
  it('places every problem of a configuration', () => {
    const error = placedError(new ConfigError([issue('gateway.json#/Routes/0/Key')]), FILE);
    expect(error).toMatchObject({ issues: [{ source: 'gateway.json#/Routes/0/Key', line: 3 }] });
  });

  it('gives any other error back', () => {
    const error = new Error('no');
    expect(placedError(error, FILE)).toBe(error);
  });
});
