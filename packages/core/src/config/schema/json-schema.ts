import type { JsonObject, JsonValue } from '../../contracts/json.js';
import { CONFIG_FILE } from './file-schema.js';
import type { KeySchema, ObjectKey } from './key-schema.js';

/**
 * The schema of `ocelot.json` as JSON Schema 2020-12: published as `@ocelot/core/schema.json`, for editors and checks.
 * It is a little narrower than what is read: JSON Schema knows no keys in another case.
 */
export const CONFIG_SCHEMA: JsonObject = rootSchema();

function rootSchema(): JsonObject {
  const definitions = new Map<string, JsonObject>();
  const root = objectSchema(CONFIG_FILE, definitions);
  const sorted = [...definitions].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://unpkg.com/@ocelot/core/schema.json',
    title: CONFIG_FILE.name,
    ...root,
    $defs: Object.fromEntries(sorted),
  };
}

function objectSchema(schema: ObjectKey, definitions: Map<string, JsonObject>): JsonObject {
  const properties: Record<string, JsonValue> = {};
  for (const [key, child] of Object.entries(schema.keys)) properties[key] = keySchema(child, definitions);
  for (const [key, old] of Object.entries(schema.oldNames ?? {})) {
    const facts = keySchema(old.schema, definitions);
    properties[key] = { ...facts, description: `Old name; write ${old.becomes}.`, deprecated: true };
  }
  return { description: schema.description, type: 'object', properties };
}

function keySchema(schema: KeySchema, definitions: Map<string, JsonObject>): JsonObject {
  return { description: describe(schema), ...typeSchema(schema, definitions), ...facts(schema) };
}

function describe(schema: KeySchema): string {
  if (schema.unsupported !== undefined) return `${schema.description} Not supported yet: ${schema.unsupported}.`;
  return schema.needs === undefined ? schema.description : `${schema.description} Needs ${schema.needs}.`;
}

function facts(schema: KeySchema): JsonObject {
  return {
    ...(schema.default === undefined ? {} : { default: schema.default }),
    ...(schema.deprecated === true ? { deprecated: true } : {}),
  };
}

function typeSchema(schema: KeySchema, definitions: Map<string, JsonObject>): JsonObject {
  switch (schema.kind) {
    case 'text':
      if (schema.values !== undefined) return { enum: [...schema.values, null] };
      return { type: ['string', 'null'], ...(schema.examples === undefined ? {} : { examples: schema.examples }) };
    case 'integer':
    case 'number':
      return numberSchema(schema);
    case 'boolean':
      return {
        anyOf: [
          { type: ['boolean', 'null'] },
          { type: 'string', pattern: '^\\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])?\\s*$' },
        ],
      };
    case 'list':
      return { type: ['array', 'null'], items: itemSchema(schema.items, definitions) };
    case 'map':
      return { type: ['object', 'null'], additionalProperties: { type: ['string', 'number', 'boolean', 'null'] } };
    case 'named':
      return { type: ['object', 'null'], additionalProperties: itemSchema(schema.items, definitions) };
    case 'object':
      return { anyOf: [reference(schema, definitions), { type: 'null' }] };
  }
  return schema satisfies never;
}

function numberSchema(schema: Extract<KeySchema, { kind: 'integer' | 'number' }>): JsonObject {
  const pattern = schema.kind === 'integer' ? '^\\s*([+-]?\\d+)?\\s*$' : '^\\s*([+-]?(\\d+\\.?\\d*|\\.\\d+))?\\s*$';
  return {
    anyOf: [
      {
        type: [schema.kind, 'null'],
        ...(schema.minimum === undefined ? {} : { minimum: schema.minimum }),
        ...(schema.maximum === undefined ? {} : { maximum: schema.maximum }),
      },
      { type: 'string', pattern },
    ],
  };
}

function itemSchema(items: KeySchema, definitions: Map<string, JsonObject>): JsonObject {
  if (items.kind === 'object') return { anyOf: [reference(items, definitions), { type: 'null' }] };
  return items.kind === 'integer' ? numberSchema(items) : { type: ['string', 'null'] };
}

function reference(schema: ObjectKey, definitions: Map<string, JsonObject>): JsonObject {
  if (!definitions.has(schema.name)) {
    // Registered before its keys are visited: an object may hold itself.
    definitions.set(schema.name, {});
    definitions.set(schema.name, objectSchema(schema, definitions));
  }
  return { $ref: `#/$defs/${schema.name}` };
}
