import { ConfigError, type JsonObject, type JsonValue } from '@ocelot/core';

/** What a number may be. */
export interface NumberRange {
  readonly fallback: number;
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * Reads options of a section with the place of each in every complaint. Core has checked what its schema says of them;
 * whoever calls a factory directly is checked here.
 */
export class OptionReader {
  readonly options: JsonObject;
  /** Of the section. */
  readonly location: string;

  constructor(options: JsonObject, location: string) {
    this.options = options;
    this.location = location;
  }

  /** @returns undefined when absent, null or blank. */
  text(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'object') throw this.fault(key, 'must be text.');
    const text = String(value);
    return text.trim() === '' ? undefined : text;
  }

  /** @throws ConfigError when it is absent. */
  requiredText(key: string, hint: string): string {
    const text = this.text(key);
    if (text === undefined) throw this.fault(key, 'is missing.', hint);
    return text;
  }

  /** One of `values`, compared without case, as it stands in `values`. */
  choice<T extends string>(key: string, values: readonly T[], fallback: T): T {
    const text = this.text(key);
    if (text === undefined) return fallback;
    const found = values.find((value) => value.toLowerCase() === text.trim().toLowerCase());
    if (found === undefined) throw this.fault(key, `must be one of ${values.join(', ')}.`);
    return found;
  }

  /** A text counts as a list of one. */
  texts(key: string): readonly string[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    const items: readonly JsonValue[] = Array.isArray(value) ? value : [value];
    return items.map((item, index) => {
      if (item === null || typeof item === 'object') throw this.fault(`${key}/${index}`, 'must be text.');
      return String(item);
    });
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#value(key);
    if (value === undefined || value === '') return fallback;
    const text = typeof value === 'object' ? '' : String(value).toLowerCase();
    if (text !== 'true' && text !== 'false') throw this.fault(key, 'must be true or false.');
    return text === 'true';
  }

  number(key: string, { fallback, minimum, maximum }: NumberRange): number {
    const value = this.#value(key);
    if (value === undefined || value === '') return fallback;
    const number = typeof value === 'object' ? Number.NaN : Number(value);
    if (!Number.isFinite(number) || number < minimum || number > maximum) {
      throw this.fault(key, `must be a number from ${minimum} to ${maximum}.`);
    }
    return number;
  }

  /** The objects of a list, each with its place. */
  objects(key: string): readonly OptionReader[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.fault(key, 'must be a list of objects.');
    return value.map((item: JsonValue, index) => {
      if (!isObject(item)) throw this.fault(`${key}/${index}`, 'must be an object.');
      return new OptionReader(item, `${this.location}/${pointer(key)}/${index}`);
    });
  }

  /** An object; empty when absent. */
  object(key: string): OptionReader {
    const value = this.#value(key) ?? {};
    if (!isObject(value)) throw this.fault(key, 'must be an object.');
    return new OptionReader(value, `${this.location}/${pointer(key)}`);
  }

  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /**
   * A complaint about one key; for the caller to throw.
   * @param key May go on into the value, with `/`.
   * @param problem Goes on from the name of the key; never holds a secret.
   */
  fault(key: string, problem: string, hint?: string): ConfigError {
    const source = `${this.location}/${key}`;
    const message = `${key.split('/', 1)[0] ?? key} ${problem}`;
    const kind = 'AuthenticationOptions';
    return new ConfigError([{ severity: 'error', kind, source, message, ...(hint === undefined ? {} : { hint }) }]);
  }

  #value(key: string): JsonValue | undefined {
    return (Object.hasOwn(this.options, key) ? this.options[key] : undefined) ?? undefined;
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A token of a JSON pointer (RFC 6901 §3). */
function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
