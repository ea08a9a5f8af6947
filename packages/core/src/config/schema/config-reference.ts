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
  /** The package whose plugin acts on it; undefined: core or a relay does. */
  readonly needs: string | undefined;
  readonly description: string;
}

/** Every object and key of `ocelot.json`, in the order of the file: what the reference is generated from. */
export const CONFIG_REFERENCE: readonly ConfigSection[] = collect();

function collect(): readonly ConfigSection[] {
  const sections = new Map<string, { schema: ObjectKey; inherited: Inherited; paths: string[] }>();
  const visit = (schema: ObjectKey, path: string, outer: Inherited): void => {
    const present = sections.get(schema.name);
    if (present !== undefined) {
      present.paths.push(path);
      return;
    }
    const inherited = inherit(schema, outer);
    sections.set(schema.name, { schema, inherited, paths: [path] });
    for (const [key, child] of Object.entries(schema.keys)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (child.kind === 'object') visit(child, at, inherited);
      if (child.kind === 'list' && child.items.kind === 'object')
        visit(child.items, `${at}[]`, inherit(child, inherited));
      if (child.kind === 'named') visit(child.items, `${at}.<name>`, inherit(child, inherited));
    }
  };
  visit(CONFIG_FILE, '', {});
  return [...sections.values()].map(({ schema, inherited, paths }) => section(schema, inherited, paths));
}

/** What holds for everything inside of an object. */
interface Inherited {
  readonly unsupported?: string | undefined;
  readonly needs?: string | undefined;
}

function inherit({ unsupported, needs }: KeySchema, outer: Inherited): Inherited {
  return { unsupported: unsupported ?? outer.unsupported, needs: needs ?? outer.needs };
}

function section(schema: ObjectKey, inherited: Inherited, paths: readonly string[]): ConfigSection {
  return {
    name: schema.name,
    description: schema.description,
    paths,
    keys: Object.entries(schema.keys).map(([name, key]) => configKey(name, key, inherited)),
    oldNames: Object.fromEntries(Object.entries(schema.oldNames ?? {}).map(([name, old]) => [name, old.becomes])),
  };
}

function configKey(name: string, schema: KeySchema, inherited: Inherited): ConfigKey {
  return {
    name,
    type: typeName(schema),
    default: ['list', 'map', 'named'].includes(schema.kind) ? undefined : schema.default,
    scope: schema.scope ?? 'both',
    unsupported: schema.unsupported ?? inherited.unsupported,
    needs: schema.needs ?? inherited.needs,
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
      if (schema.items.kind === 'object') return `list of ${schema.items.name}`;
      return schema.items.kind === 'integer' ? 'list of integers' : 'list of texts';
    case 'map':
      return 'names with texts';
    case 'named':
      return `names, each with ${schema.items.name}`;
    case 'object':
      return schema.name;
  }
  return schema satisfies never;
}
