import type { JsonValue } from '../../contracts/json.js';
import { said } from '../in-use.js';

/** `RequestIdKey` of one level; undefined when it names no header. */
export function requestIdKey(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? said(value) : undefined;
}
