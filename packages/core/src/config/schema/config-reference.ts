import type { JsonValue } from '../../contracts/json.js';
import { CONFIG_FILE } from './file-schema.js';
import type { KeySchema, ObjectKey } from './key-schema.js';

/** One object of the configuration, for the reference. */
export interface ConfigSection {
  /** `Route`, `GlobalConfiguration`, … */
  readonly name: string;
  readonly description: string;
  /** Where such objects stand: `Routes[]`, `GlobalConfiguration.Gateway`, … */
  readonly paths: readonly string[];
  readonly keys: readonly ConfigKey[];
  /** Old name → the key it became. */
  readonly oldNames: Readonly<Record<string, string>>;
}

/** One key, for the reference. */
export interface ConfigKey {
  readonly name: string;
  /** In words: `text`, `whole number`, `list of texts`, or the name of a section. */
  readonly type: string;
  /** Undefined: there is none. */
  readonly default: JsonValue | undefined;
  /** `both`, or `http` when Ocelot itself looks at the key for plain HTTP requests only. */
  readonly scope: 'both' | 'http';
  /** Why nothing acts on it yet; undefined: it is acted on. */
  readonly unsupported: string | undefined;
  readonly description: string;
}

/** Every object and key of `ocelot.json`, in the order of the file: what the reference is generated from. */
export const CONFIG_REFERENCE: readonly ConfigSection[] = collect();

function collect(): readonly ConfigSection[] {
  const sections = new Map<string, { schema: ObjectKey; unsupported: string | undefined; paths: string[] }>();
  const visit = (schema: ObjectKey, path: string, inherited: string | undefined): void => {
    const present = sections.get(schema.name);
    if (present !== undefined) {
      present.paths.push(path);
      return;
    }
    const unsupported = schema.unsupported ?? inherited;
    sections.set(schema.name, { schema, unsupported, paths: [path] });
    for (const [key, child] of Object.entries(schema.keys)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (child.kind === 'object') visit(child, at, child.unsupported ?? unsupported);
      if (child.kind === 'list' && child.items.kind === 'object')
        visit(child.items, `${at}[]`, child.unsupported ?? unsupported);
    }
  };
  visit(CONFIG_FILE, '', undefined);
  return [...sections.values()].map(({ schema, unsupported, paths }) => section(schema, unsupported, paths));
}

function section(schema: ObjectKey, unsupported: string | undefined, paths: readonly string[]): ConfigSection {
  return {
    name: schema.name,
    description: schema.description,
    paths,
    keys: Object.entries(schema.keys).map(([name, key]) => configKey(name, key, unsupported)),
    oldNames: Object.fromEntries(Object.entries(schema.oldNames ?? {}).map(([name, old]) => [name, old.becomes])),
  };
}

function configKey(name: string, schema: KeySchema, inherited: string | undefined): ConfigKey {
  return {
    name,
    type: typeName(schema),
    default: schema.kind === 'list' || schema.kind === 'map' ? undefined : schema.default,
    scope: schema.scope ?? 'both',
    unsupported: schema.unsupported ?? inherited,
    description: schema.description,
  };
}

function typeName(schema: KeySchema): string {
  switch (schema.kind) {
    case 'text':
      return schema.values === undefined ? 'text' : schema.values.map((value) => `\`${value}\``).join(', ');
    case 'integer':
      return 'whole number';
    case 'number':
      return 'number';
    case 'boolean':
      return 'true or false';
    case 'list':
      return schema.items.kind === 'object' ? `list of ${schema.items.name}` : 'list of texts';
    case 'map':
      return 'names with texts';
    case 'object':
      return schema.name;
  }
  return schema satisfies never;
}
