import { CONFIG_FILE } from '../schema/file-schema.js';
import type { KeySchema, ObjectKey, OldName } from '../schema/key-schema.js';

/** The keys of one object schema, found without regard to case. */
export interface KnownKeys {
  /** Lower case → key in Ocelot's spelling. */
  readonly current: ReadonlyMap<string, string>;
  /** Lower case → old name. */
  readonly old: ReadonlyMap<string, { readonly name: string; readonly rule: OldName }>;
  /** Lower case → what to do instead. */
  readonly obsolete: ReadonlyMap<string, string>;
  /** Every name, for suggestions. */
  readonly names: readonly string[];
}

const cache = new WeakMap<ObjectKey, KnownKeys>();

/** The keys that an object may have. Computed once per schema object. */
export function knownKeys(schema: ObjectKey): KnownKeys {
  const known = cache.get(schema) ?? {
    current: new Map(Object.keys(schema.keys).map((key) => [key.toLowerCase(), key])),
    old: new Map(
      Object.entries(schema.oldNames ?? {}).map(([name, rule]) => [name.toLowerCase(), { name, rule }] as const),
    ),
    obsolete: new Map(Object.entries(schema.obsolete ?? {}).map(([name, hint]) => [name.toLowerCase(), hint] as const)),
    names: [schema.keys, schema.oldNames ?? {}, schema.obsolete ?? {}].flatMap((keys) => Object.keys(keys)),
  };
  cache.set(schema, known);
  return known;
}

let owners: ReadonlyMap<string, readonly string[]> | undefined;

/** Names of the objects that do have a key of this name: `Port` → `HostAndPort`, `ServiceDiscoveryProvider`, … */
export function ownersOf(key: string): readonly string[] {
  owners ??= collectOwners();
  return owners.get(key.toLowerCase()) ?? [];
}

function collectOwners(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const visited = new Set<string>();
  const visit = (schema: KeySchema): void => {
    if (schema.kind === 'list' || schema.kind === 'named') visit(schema.items);
    if (schema.kind !== 'object' || visited.has(schema.name)) return;
    visited.add(schema.name);
    for (const [key, child] of Object.entries(schema.keys)) {
      const names = found.get(key.toLowerCase());
      if (names === undefined) found.set(key.toLowerCase(), [schema.name]);
      else names.push(schema.name);
      visit(child);
    }
  };
  visit(CONFIG_FILE);
  return found;
}
