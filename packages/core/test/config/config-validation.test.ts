import { describe, expect, it } from 'vitest';

import { inspectConfiguration, type ValidationOptions } from '../../src/index.js';
import suite from '../vectors/config-validation.json' with { type: 'json' };

// Vectors from Ocelot's own tests: a configuration, what the host registered, and the kinds of error in order.

interface Vector {
  readonly scope?: string;
  readonly config?: object;
  readonly period?: string;
  readonly hostAndPort?: object;
  readonly qosOptions?: object;
  readonly registered?: {
    readonly authSchemes?: readonly string[];
    readonly qosHandler?: boolean;
    readonly discoveryHandler?: boolean;
  };
  readonly valid: boolean;
  readonly firstErrors?: readonly string[];
  readonly errorsInclude?: readonly string[];
  readonly onlyError?: string;
  readonly errorCount?: number;
  readonly allErrors?: readonly string[];
  readonly source: string;
}

const vectors = suite.vectors as readonly Vector[];

const route = {
  UpstreamPathTemplate: '/test',
  DownstreamPathTemplate: '/test',
  DownstreamHostAndPorts: [{ Host: 'localhost', Port: 5000 }],
};

/** The smallest file around what the vector is about. */
function fileOf(vector: Vector): object {
  if (vector.period !== undefined)
    return { Routes: [{ ...route, RateLimitOptions: { Limit: 1, Period: vector.period } }] };
  if (vector.hostAndPort !== undefined) return { Routes: [{ ...route, DownstreamHostAndPorts: [vector.hostAndPort] }] };
  if (vector.qosOptions !== undefined) return { Routes: [{ ...route, QoSOptions: vector.qosOptions }] };
  return vector.config ?? {};
}

function optionsOf({ registered }: Vector): ValidationOptions {
  return {
    authenticationProviders: registered?.authSchemes ?? [],
    qualityOfService: registered?.qosHandler ?? false,
    discovery: registered?.discoveryHandler ?? false,
  };
}

function errorsOf(vector: Vector): readonly string[] {
  const { issues } = inspectConfiguration(fileOf(vector), optionsOf(vector));
  return issues.filter((issue) => issue.severity === 'error').map((issue) => issue.kind);
}

describe("validation finds what Ocelot's validators find", () => {
  it.each(vectors.map((vector, index) => ({ vector, name: `${vector.source} (${index})` })))('$name', ({ vector }) => {
    const errors = errorsOf(vector);
    expect(errors.length === 0).toBe(vector.valid);
    if (vector.allErrors !== undefined) expect(errors).toEqual(vector.allErrors);
    if (vector.firstErrors !== undefined)
      expect(errors.slice(0, vector.firstErrors.length)).toEqual(vector.firstErrors);
    if (vector.errorsInclude !== undefined) expect(errors).toEqual(expect.arrayContaining([...vector.errorsInclude]));
    if (vector.onlyError !== undefined) expect(errors).toEqual([vector.onlyError]);
    if (vector.errorCount !== undefined) expect(errors).toHaveLength(vector.errorCount);
  });

  it('runs every vector', () => {
    expect(vectors.length).toBeGreaterThan(90);
  });
});
