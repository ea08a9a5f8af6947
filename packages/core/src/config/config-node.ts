import type { JsonValue } from '../contracts/json.js';
import type { ConfigIssue } from '../errors/config-error.js';

/** Where a value stands: what every issue is reported against, also after several files were merged. */
export interface Place {
  /** File name as given, or `env:NAME` for an environment variable. */
  readonly file: string;
  /** JSON pointer in that file (RFC 6901); empty for the whole file. */
  readonly pointer: string;
  /** 1-based; unknown for values that were not read from text. */
  readonly line?: number;
  /** 1-based, in UTF-16 units. */
  readonly column?: number;
}

/** A JSON value that knows where it stands. Merging builds new trees out of old nodes, so places survive it. */
export type ConfigNode = ObjectNode | ArrayNode | ScalarNode;

/** A JSON object; member order is file order and keys keep their spelling. */
export interface ObjectNode {
  readonly kind: 'object';
  readonly place: Place;
  readonly members: readonly ObjectMember[];
}

/** One `"key": value`. The place of the value is where its key begins. */
export interface ObjectMember {
  readonly key: string;
  readonly node: ConfigNode;
}

/** A JSON array. */
export interface ArrayNode {
  readonly kind: 'array';
  readonly place: Place;
  readonly items: readonly ConfigNode[];
}

/** A JSON text, number, boolean or null. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: string | number | boolean | null;
}

/** Appends one reference token to a JSON pointer, escaped (RFC 6901 §3). */
export function childPointer(pointer: string, token: string | number): string {
  return `${pointer}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** `ocelot.json#/Routes/3/DownstreamScheme`, or `env:NAME`: the `source` of an issue. */
export function formatPlace(place: Place): string {
  return place.file.startsWith('env:') ? place.file : `${place.file}#${place.pointer}`;
}

/** `source`, `line` and `column` of an issue. */
export function placeFields(place: Place): Pick<ConfigIssue, 'source' | 'line' | 'column'> {
  return {
    source: formatPlace(place),
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(place.column === undefined ? {} : { column: place.column }),
  };
}

/** The plain value of a node, keys as they are spelt. */
export function nodeValue(node: ConfigNode): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.items.map(nodeValue);
    case 'object':
      // fromEntries defines own properties, so a key `__proto__` stays an ordinary key.
      return Object.fromEntries(node.members.map((member) => [member.key, nodeValue(member.node)]));
  }
  return node satisfies never;
}

/** Makes nodes of a plain value; what JSON cannot hold (functions, `undefined`, symbols) counts as absent. */
export function nodeFromValue(value: unknown, file: string, pointer = ''): ConfigNode {
  const place: Place = { file, pointer };
  if (Array.isArray(value)) {
    return {
      kind: 'array',
      place,
      items: value.map((item: unknown, index) => nodeFromValue(item, file, childPointer(pointer, index))),
    };
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined && typeof member !== 'function' && typeof member !== 'symbol')
      .map(([key, member]) => ({ key, node: nodeFromValue(member, file, childPointer(pointer, key)) }));
    return { kind: 'object', place, members };
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', place, value };
  }
  return { kind: 'scalar', place, value: null };
}
