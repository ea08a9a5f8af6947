// Vectors from Ocelot's own tests. Those that speak of reading instances run here; the others are listed with the
// reason, so that a new vector cannot go unnoticed.
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { type HealthEntry, readHealthEntries } from '../src/health-entry.js';

interface Vector {
  readonly kind: string;
  readonly source: string;
  readonly entries?: readonly (HealthEntry & { readonly Node?: { readonly Name?: string } })[];
  readonly kept?: readonly { readonly host: string; readonly port: number }[];
  readonly warnings?: number;
  readonly entry?: HealthEntry;
  readonly node?: { readonly Name: string } | null;
  readonly tags?: readonly string[] | null;
  readonly expect?: unknown;
}

const { vectors } = JSON.parse(readFileSync(new URL('vectors/consul-services.json', import.meta.url), 'utf8')) as {
  readonly vectors: readonly Vector[];
};

const ELSEWHERE: Readonly<Record<string, string>> = {
  node: 'Ocelot looks the node up in the catalogue; an entry of /v1/health/service carries it, so no second question',
  availability:
    'how requests are shared is the policy: tested in @ocelot/lb; the instances come and go in consul-provider.test',
  'consul-calls': 'Ocelot asks per request; here one blocking query is open per service: see consul-provider.test',
  'separate-services': 'each subscription has a watch of its own: the conformance suite keeps services apart',
  provider: 'the types are registered by name: see plugin.test; the gateway subscribes once per service',
  poll: 'the first question is asked at once: the conformance suite waits for it',
};

/** Ocelot's client names the node's name `Name`; the HTTP interface names it `Node`. */
function asReceived(entry: HealthEntry & { readonly Node?: { readonly Name?: string } | null }): HealthEntry {
  return entry.Node?.Name === undefined ? entry : { ...entry, Node: { Node: entry.Node.Name } };
}

/** Ocelot takes the name of the node where there is one: the setting for parity. */
const RULES = { hostSource: 'node-name', tags: [] } as const;

const runners: Readonly<Record<string, (vector: Vector) => void>> = {
  services: ({ entries = [], kept = [], warnings = 0 }) => {
    const read = readHealthEntries(
      entries.map((entry) => asReceived(entry)),
      RULES,
    );
    expect(read.endpoints.map(({ host, port }) => ({ host, port }))).toEqual(kept);
    expect(read.warnings).toHaveLength(warnings);
  },
  host: ({ entry, node, expect: expected }) => {
    const service = { ...entry?.Service, Port: 80 };
    const full = { Service: service, ...(node === null || node === undefined ? {} : { Node: { Node: node.Name } }) };
    expect(readHealthEntries([full], RULES).endpoints[0]?.host).toBe(expected);
  },
  version: ({ tags = [], expect: expected }) => {
    const [endpoint] = readHealthEntries([{ Service: { Address: 'a', Port: 80, Tags: tags } }], RULES).endpoints;
    expect(endpoint?.metadata['version'] ?? '').toBe(expected);
  },
  tags: ({ tags = [], expect: expected }) => {
    const [endpoint] = readHealthEntries([{ Service: { Address: 'a', Port: 80, Tags: tags } }], RULES).endpoints;
    expect(endpoint?.tags).toEqual(expected);
  },
};

describe("Ocelot's Consul vectors", () => {
  it.each(vectors.filter(({ kind }) => !(kind in ELSEWHERE)))('$kind: $source', (vector) => {
    const runner = runners[vector.kind];
    expect(runner, `a vector of the unknown kind ${vector.kind}`).toBeDefined();
    runner?.(vector);
  });

  it('names no kind that the vectors do not have', () => {
    expect(Object.keys(ELSEWHERE).filter((kind) => !vectors.some((vector) => vector.kind === kind))).toEqual([]);
  });
});
