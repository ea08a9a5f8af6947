import type { JsonValue } from '../contracts/json.js';

/**
 * Whether a value says anything. A key that is present but null, empty, zero or false is not in use: whole
 * configurations are dumped with every key that exists, and such keys neither switch anything on nor deserve a warning.
 *
 * @param fallback What an absent key means; the same value written out is not in use either.
 */
export function isInUse(value: JsonValue | undefined, fallback?: JsonValue): boolean {
  if (value === undefined || value === null || value === 0 || value === false) return false;
  if (typeof value === 'string') {
    if (value.trim() === '') return false;
    return typeof fallback !== 'string' || value.trim().toLowerCase() !== fallback.toLowerCase();
  }
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    return items.some((item) => isInUse(item)) && JSON.stringify(items) !== JSON.stringify(fallback);
  }
  if (typeof value === 'object') return Object.values(value).some((member) => isInUse(member));
  return value !== fallback;
}

/** A text that says something, without the blanks around it. */
export function said(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === '' ? undefined : trimmed;
}
