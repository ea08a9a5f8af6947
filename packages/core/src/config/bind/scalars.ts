import type { JsonValue } from '../../contracts/json.js';
import type { ScalarNode } from '../config-node.js';
import type { KeySchema } from '../schema/key-schema.js';

/** The value read, nothing (null, or an empty text where text is not wanted), or what is wrong with it. */
export type ScalarResult =
  | { readonly value: JsonValue | undefined }
  | { readonly expected: string; readonly kind: string };

/** Schemas of single values. */
export type ScalarSchema = Extract<KeySchema, { kind: 'text' | 'integer' | 'number' | 'boolean' }>;

const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** .NET's Int32; text beyond it stops Ocelot from starting. */
const INT_MAX = 2_147_483_647;

/** Reads a scalar as .NET's binder does: everything is text first, converted to what the key wants. */
export function bindScalar(schema: ScalarSchema, node: ScalarNode): ScalarResult {
  if (node.value === null) return { value: undefined };
  // .NET shows a JSON boolean as `True`.
  const text = typeof node.value === 'boolean' ? (node.value ? 'True' : 'False') : String(node.value);
  if (schema.kind === 'text') return bindText(schema.values, text);
  const trimmed = text.trim();
  if (trimmed === '') return { value: undefined };
  if (schema.kind === 'boolean') {
    if (/^true$/i.test(trimmed)) return { value: true };
    if (/^false$/i.test(trimmed)) return { value: false };
    return { expected: 'true or false', kind: 'NotABoolean' };
  }
  const whole = schema.kind === 'integer';
  if (!(whole ? INTEGER : DECIMAL).test(trimmed)) {
    return { expected: whole ? 'a whole number' : 'a number', kind: 'NotANumber' };
  }
  const value = Number(trimmed);
  const minimum = schema.minimum ?? -INT_MAX - 1;
  const maximum = schema.maximum ?? INT_MAX;
  if (value < minimum || value > maximum) {
    return { expected: `${whole ? 'a whole number' : 'a number'} from ${minimum} to ${maximum}`, kind: 'OutOfRange' };
  }
  return { value };
}

function bindText(values: readonly string[] | undefined, text: string): ScalarResult {
  if (values === undefined) return { value: text };
  const trimmed = text.trim().toLowerCase();
  if (trimmed === '') return { value: undefined };
  const value = values.find((candidate) => candidate.toLowerCase() === trimmed);
  if (value !== undefined) return { value };
  return { expected: `one of ${values.map((candidate) => `"${candidate}"`).join(', ')}`, kind: 'UnknownValue' };
}
