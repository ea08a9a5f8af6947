import type { JsonValue } from '../../contracts/json.js';

/** Packages of ours whose plugins act on keys. */
export type PluginPackage = '@ocelot/auth' | '@ocelot/rate-limit' | '@ocelot/resilience' | '@ocelot/telemetry';

/** What is known of one key, whatever its type: source of `schema.json`, of the reference and of start-up warnings. */
interface KeyFacts {
  readonly description: string;
  /** What an absent key means; also: a key that holds just this is not in use. */
  readonly default?: JsonValue;
  /** Set while nothing acts on the key: the sentence that start-up reports when it is in use. */
  readonly unsupported?: string;
  /** The package whose plugin acts on the key; start-up reports its use where no plugin says that it does. */
  readonly needs?: PluginPackage;
  /** `http`: Ocelot itself looks at the key for plain HTTP requests only. @default 'both' */
  readonly scope?: 'both' | 'http';
  /** Another spelling is preferred; the key is read without a warning, as Ocelot 25 reads it. */
  readonly deprecated?: boolean;
}

/** A text; numbers and booleans are taken as text, as .NET does. */
export interface TextKey extends KeyFacts {
  readonly kind: 'text';
  /** The only values allowed, compared without case. */
  readonly values?: readonly string[];
  /** Offered by editors. */
  readonly examples?: readonly string[];
}

/** A whole number, or its text. */
export interface IntegerKey extends KeyFacts {
  readonly kind: 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A number, or its text. */
export interface NumberKey extends KeyFacts {
  readonly kind: 'number';
  readonly minimum?: number;
  readonly maximum?: number;
}

/** `true` or `false`, or its text in any case. */
export interface BooleanKey extends KeyFacts {
  readonly kind: 'boolean';
}

/** A list. */
export interface ListKey extends KeyFacts {
  readonly kind: 'list';
  readonly items: TextKey | IntegerKey | ObjectKey;
}

/** Names chosen by the user, each with a text; names keep their case. */
export interface MapKey extends KeyFacts {
  readonly kind: 'map';
}

/** Names chosen by the user, each with an object of the same known keys; names keep their case. */
export interface NamedKey extends KeyFacts {
  readonly kind: 'named';
  readonly items: ObjectKey;
}

/** An object with known keys. */
export interface ObjectKey extends KeyFacts {
  readonly kind: 'object';
  /** Name of the object in the reference and under `$defs`. */
  readonly name: string;
  readonly keys: Readonly<Record<string, KeySchema>>;
  /** Other keys belong to providers, policies or plugins: they pass unless they look like a slip of the pen. */
  readonly open?: boolean;
  /** The key that a text in place of the object is taken for: `"LoadBalancerOptions": "RoundRobin"`. */
  readonly fromText?: string;
  /** Spellings of earlier versions; read with a warning. */
  readonly oldNames?: Readonly<Record<string, OldName>>;
  /** Keys of earlier versions that no version in use reads any more; name → what to do instead. */
  readonly obsolete?: Readonly<Record<string, string>>;
}

/** Everything a key can hold. */
export type KeySchema = TextKey | IntegerKey | NumberKey | BooleanKey | ListKey | MapKey | NamedKey | ObjectKey;

/** An earlier spelling of a key. */
export interface OldName {
  readonly schema: KeySchema;
  /** The key it became. */
  readonly becomes: string;
  /**
   * Makes the new key's value of the old one. @default the old value wins when both are given (Ocelot's rule)
   * @param existing What stands under the new name.
   */
  readonly translate?: (old: JsonValue, existing: JsonValue | undefined) => JsonValue;
}

/** Facts beside the description. */
export type Facts<T extends KeyFacts> = Omit<T, 'kind' | 'description'>;

/** Makes a {@link TextKey}. */
export function text(description: string, facts: Facts<TextKey> = {}): TextKey {
  return { kind: 'text', description, ...facts };
}

/** Makes an {@link IntegerKey}. */
export function integer(description: string, facts: Facts<IntegerKey> = {}): IntegerKey {
  return { kind: 'integer', description, ...facts };
}

/** Makes a {@link NumberKey}. */
export function decimal(description: string, facts: Facts<NumberKey> = {}): NumberKey {
  return { kind: 'number', description, ...facts };
}

/** Makes a {@link BooleanKey}; off unless the facts say otherwise. */
export function flag(description: string, facts: Facts<BooleanKey> = {}): BooleanKey {
  return { kind: 'boolean', description, default: false, ...facts };
}

/** Makes a {@link ListKey} of texts. */
export function texts(description: string, facts: Omit<Facts<ListKey>, 'items'> = {}): ListKey {
  return { kind: 'list', description, items: text(''), default: [], ...facts };
}

/** Makes a {@link ListKey} of integers. @param items What each may be. */
export function integers(description: string, items: Facts<IntegerKey>): ListKey {
  return { kind: 'list', description, items: integer('', items), default: [] };
}

/** Makes a {@link ListKey} of objects. */
export function list(description: string, items: ObjectKey, facts: Omit<Facts<ListKey>, 'items'> = {}): ListKey {
  return { kind: 'list', description, items, default: [], ...facts };
}

/** Makes a {@link MapKey}. */
export function map(description: string, facts: Facts<MapKey> = {}): MapKey {
  return { kind: 'map', description, default: {}, ...facts };
}

/** Makes a {@link NamedKey}. */
export function named(description: string, items: ObjectKey, facts: Omit<Facts<NamedKey>, 'items'> = {}): NamedKey {
  return { kind: 'named', description, items, default: {}, ...facts };
}

/** Makes an {@link ObjectKey}. */
export function object(
  name: string,
  description: string,
  keys: ObjectKey['keys'],
  facts: Omit<Facts<ObjectKey>, 'name' | 'keys'> = {},
): ObjectKey {
  return { kind: 'object', name, description, keys, ...facts };
}
