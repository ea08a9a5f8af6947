import type { JsonValue } from '../../contracts/json.js';
import type { ConfigIssue } from '../../errors/config-error.js';
import {
  type ConfigNode,
  nodeValue,
  type ObjectNode,
  type Place,
  placeFields,
  type ScalarNode,
} from '../config-node.js';
import type { FileConfig } from '../file-config.js';
import { isInUse } from '../in-use.js';
import { CONFIG_FILE } from '../schema/file-schema.js';
import type { KeySchema, ListKey, ObjectKey, OldName, TextKey } from '../schema/key-schema.js';
import { knownKeys } from './known-keys.js';
import { Locations } from './locations.js';
import { bindScalar, type ScalarSchema } from './scalars.js';
import { unknownKeyIssue } from './unknown-keys.js';

/** A configuration in Ocelot's own spelling, and what was noticed on the way. */
export interface BoundConfig {
  readonly file: FileConfig;
  readonly locations: Locations;
  readonly issues: readonly ConfigIssue[];
}

/**
 * Turns the nodes of a file into a {@link FileConfig}, by .NET's binder rules: keys without case, null and absent are
 * the default, everything scalar may be text. Old names are translated and reported once each; unknown keys are kept
 * as they stand, for plugins, and reported with the nearest known name.
 */
export function bindConfig(root: ObjectNode): BoundConfig {
  return new Binder(root.place).run(root);
}

interface OldNameUse {
  readonly place: Place;
  readonly becomes: string;
  count: number;
}

/** What stood under a key: a value, nothing, or something that was reported. */
type Bound = { readonly value: JsonValue | undefined } | 'broken';

class Binder {
  readonly #issues: ConfigIssue[] = [];
  readonly #locations: Locations;
  readonly #oldNames = new Map<string, OldNameUse>();

  constructor(root: Place) {
    this.#locations = new Locations(root);
  }

  run(root: ObjectNode): BoundConfig {
    const file = this.#object(CONFIG_FILE, root) as FileConfig;
    for (const [name, use] of this.#oldNames) this.#issues.push(oldNameIssue(name, use));
    return { file, locations: this.#locations, issues: this.#issues };
  }

  #value(schema: KeySchema, key: string, node: ConfigNode): Bound {
    switch (schema.kind) {
      case 'object':
        if (node.kind === 'object') return { value: this.#object(schema, node) };
        if (node.kind === 'scalar' && schema.fromText !== undefined && typeof node.value === 'string') {
          return this.#objectFromText(schema, schema.fromText, key, node);
        }
        return this.#emptyOr(key, node, 'an object { … }');
      case 'list':
        return this.#list(schema, key, node);
      case 'map':
        if (node.kind === 'object') return { value: this.#map({ kind: 'text', description: '' }, node) };
        return this.#emptyOr(key, node, 'an object { … } of texts');
      case 'named':
        if (node.kind === 'object') return { value: this.#map(schema.items, node) };
        return this.#emptyOr(key, node, 'an object { … } of objects, each under its name');
      case 'text':
      case 'integer':
      case 'number':
      case 'boolean':
        return this.#scalar(schema, key, node);
    }
    return schema satisfies never;
  }

  #scalar(schema: ScalarSchema, key: string, node: ConfigNode): Bound {
    if (node.kind !== 'scalar') return this.#wrongType(key, node, 'one value');
    const result = bindScalar(schema, node);
    if ('value' in result) return result;
    this.#report(
      'error',
      result.kind,
      node.place,
      `${key} is ${JSON.stringify(node.value)}.`,
      `Write ${result.expected}.`,
    );
    return 'broken';
  }

  #object(schema: ObjectKey, node: ObjectNode): JsonValue & object {
    const known = knownKeys(schema);
    const values = new Map<string, JsonValue>();
    const places = new Map<string, Place>();
    const broken: string[] = [];
    const old: { readonly name: string; readonly rule: OldName; readonly node: ConfigNode }[] = [];
    for (const member of node.members) {
      const lower = member.key.toLowerCase();
      const key = known.current.get(lower);
      const child = key === undefined ? undefined : schema.keys[key];
      const former = known.old.get(lower);
      if (key !== undefined && child !== undefined) {
        places.set(key, member.node.place);
        const bound = this.#value(child, key, member.node);
        if (bound === 'broken') broken.push(key);
        else if (bound.value !== undefined) values.set(key, bound.value);
      } else if (former !== undefined) {
        old.push({ ...former, node: member.node });
      } else {
        const value = nodeValue(member.node);
        values.set(member.key, value);
        const issue = isInUse(value) ? unknownKeyIssue(schema, member.key, member.node.place) : undefined;
        if (issue !== undefined) this.#issues.push(issue);
      }
    }
    const order = Object.keys(schema.oldNames ?? {});
    old.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    for (const { name, rule, node: value } of old) this.#oldName(name, rule, value, values, places);
    const result = Object.fromEntries(values);
    this.#locations.set(result, node.place, places);
    for (const key of broken) this.#locations.markBroken(result, key);
    return result;
  }

  /** `"LoadBalancerOptions": "RoundRobin"`: .NET binds nothing; taken as what was meant. */
  #objectFromText(schema: ObjectKey, inner: string, key: string, node: ScalarNode): Bound {
    if (!isInUse(node.value)) return { value: undefined };
    this.#report(
      'warning',
      'NotAnObject',
      node.place,
      `${key} is a text, not an object; it is taken as its ${inner}. Ocelot for .NET ignores it.`,
      `Write { "${inner}": ${JSON.stringify(node.value)} }.`,
    );
    return { value: this.#object(schema, { kind: 'object', place: node.place, members: [{ key: inner, node }] }) };
  }

  #oldName(
    name: string,
    rule: OldName,
    node: ConfigNode,
    values: Map<string, JsonValue>,
    places: Map<string, Place>,
  ): void {
    const bound = this.#value(rule.schema, name, node);
    if (bound === 'broken' || bound.value === undefined || !isInUse(bound.value, rule.schema.default)) return;
    const existing = values.get(rule.becomes);
    const value = rule.translate === undefined ? bound.value : rule.translate(bound.value, existing);
    this.#locations.adopt(value, node.place);
    values.set(rule.becomes, value);
    if (!places.has(rule.becomes)) places.set(rule.becomes, node.place);
    const use = this.#oldNames.get(name);
    if (use === undefined) this.#oldNames.set(name, { place: node.place, becomes: rule.becomes, count: 1 });
    else use.count += 1;
  }

  #list(schema: ListKey, key: string, node: ConfigNode): Bound {
    const items = listItems(node);
    if (items === undefined) {
      if (schema.items.kind !== 'text' || node.kind !== 'scalar') return this.#emptyOr(key, node, 'a list [ … ]');
      return this.#singleText(schema.items, key, node);
    }
    const values: JsonValue[] = [];
    const places = new Map<string, Place>();
    for (const item of items) {
      const bound = this.#value(schema.items, key, item);
      if (bound === 'broken' || bound.value === undefined) continue;
      places.set(String(values.length), item.place);
      values.push(bound.value);
    }
    this.#locations.set(values, node.place, places);
    return { value: values };
  }

  /** `"UpstreamHttpMethod": "GET"`: .NET binds nothing; taken as a list of one, which is what was meant. */
  #singleText(schema: TextKey, key: string, node: ScalarNode): Bound {
    const result = bindScalar(schema, node);
    if (!('value' in result) || !isInUse(result.value) || result.value === undefined) return { value: undefined };
    this.#report(
      'warning',
      'NotAList',
      node.place,
      `${key} is one text, not a list; it is taken as a list of one. Ocelot for .NET ignores it.`,
      `Write [${JSON.stringify(result.value)}].`,
    );
    const values = [result.value];
    this.#locations.set(values, node.place, new Map([['0', node.place]]));
    return { value: values };
  }

  /** Names chosen by the user, with what `items` says. */
  #map(items: TextKey | ObjectKey, node: ObjectNode): JsonValue {
    const values = new Map<string, JsonValue>();
    const places = new Map<string, Place>();
    const broken: string[] = [];
    for (const { key, node: child } of node.members) {
      places.set(key, child.place);
      const bound = this.#value(items, key, child);
      if (bound === 'broken') broken.push(key);
      else if (bound.value !== undefined) values.set(key, bound.value);
    }
    const result = Object.fromEntries(values);
    this.#locations.set(result, node.place, places);
    for (const key of broken) this.#locations.markBroken(result, key);
    return result;
  }

  /** null, an empty text or an empty list where an object is wanted: the key is not in use. */
  #emptyOr(key: string, node: ConfigNode, expected: string): Bound {
    return isInUse(nodeValue(node)) ? this.#wrongType(key, node, expected) : { value: undefined };
  }

  #wrongType(key: string, node: ConfigNode, expected: string): Bound {
    const found = node.kind === 'scalar' ? shown(node.value, expected) : node.kind === 'array' ? 'a list' : 'an object';
    if (node.kind !== 'scalar' && !isInUse(nodeValue(node))) return { value: undefined };
    this.#report('error', 'WrongType', node.place, `${key} is ${found}.`, `Write ${expected}.`);
    return 'broken';
  }

  #report(severity: ConfigIssue['severity'], kind: string, place: Place, message: string, hint: string): void {
    this.#issues.push({ severity, kind, ...placeFields(place), message, hint });
  }
}

/** A text where an object is wanted may be what belongs into it, such as an API key: it is not repeated. */
function shown(value: JsonValue, expected: string): string {
  return typeof value === 'string' && expected.startsWith('an object') ? 'a text' : JSON.stringify(value);
}

/** The items of a list; also of an object whose keys are indexes, which is what environment variables make. */
function listItems(node: ConfigNode): readonly ConfigNode[] | undefined {
  if (node.kind === 'array') return node.items;
  if (node.kind !== 'object' || node.members.length === 0) return undefined;
  if (!node.members.every((member) => /^\d+$/.test(member.key))) return undefined;
  return node.members.toSorted((a, b) => Number(a.key) - Number(b.key)).map((member) => member.node);
}

function oldNameIssue(name: string, use: OldNameUse): ConfigIssue {
  const more = use.count === 1 ? '' : ` (and ${use.count - 1} more)`;
  return {
    severity: 'warning',
    kind: 'OldName',
    ...placeFields(use.place),
    message: `"${name}" is the name of an earlier version of Ocelot${more}; it is read as ${use.becomes}.`,
    hint: `Write ${use.becomes}: Ocelot 16 and later ignore or deprecate the old name.`,
  };
}
