import type { JsonObject } from '@ocelot/core';

type Option = JsonObject[string];

/** What a value cannot be used for; the configuration is refused with it. */
function refuse(key: string, wanted: string, value: Option): Error {
  return new Error(`${key} must be ${wanted}, not ${JSON.stringify(value)}.`);
}

/** A text without the blanks around it; empty when it is absent. @throws Error */
export function readText(key: string, wanted: string, value: Option): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw refuse(key, wanted, value);
  return value.trim();
}

/** The name of a cookie; `fallback` when it is absent or empty. @throws Error */
export function readCookieName(value: Option, fallback: string): string {
  const name = readText('Key', 'the name of a cookie', value);
  // RFC 6265 §4.1.1: a cookie's name is a token.
  if (/[\u0000-\u0020\u007f"(),/:;<=>?@[\\\]{}]/.test(name)) {
    throw new Error(`Key must be the name of a cookie; ${JSON.stringify(name)} cannot be one (RFC 6265 §4.1.1).`);
  }
  return name === '' ? fallback : name;
}

/** A number, or its text; `fallback` when it is absent. @throws Error */
export function readNumber(key: string, wanted: string, value: Option, fallback: number): number {
  if (value === undefined || value === null || value === '') return fallback;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw refuse(key, wanted, value);
  return number;
}

/** `true`, `false`, or its text in any case; undefined when it is absent. @throws Error */
export function readFlag(key: string, value: Option): boolean | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const flag = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  throw refuse(key, 'true or false', value);
}

/** One of `names` in its own spelling, whatever the case; the first of them when it is absent. @throws Error */
export function readChoice<Name extends string>(
  key: string,
  value: Option,
  names: readonly [Name, ...(readonly Name[])],
): Name {
  const wanted = `one of ${names.join(', ')}`;
  const text = readText(key, wanted, value).toLowerCase();
  if (text === '') return names[0];
  const found = names.find((name) => name.toLowerCase() === text);
  if (found === undefined) throw refuse(key, wanted, value);
  return found;
}
