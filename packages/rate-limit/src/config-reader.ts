import { ConfigError, type JsonObject, type JsonValue } from '@ocelot/core';

/** The object under a key; empty when there is none. */
export function section(from: JsonObject, key: string): JsonObject {
  const value = from[key];
  return isObject(value) ? value : {};
}

/** The number under a key; core's schema has looked at its range. */
export function numberAt(from: JsonObject, key: string, fallback: number): number {
  const value = from[key];
  if (value === undefined || value === null || value === '') return fallback;
  const number = Number(value);
  return Number.isFinite(number) ? number : fallback;
}

/** The text under a key. */
export function textAt(from: JsonObject, key: string, fallback: string): string {
  const value = from[key];
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** The switch under a key. */
export function flagAt(from: JsonObject, key: string, fallback: boolean): boolean {
  const value = from[key];
  return typeof value === 'boolean' ? value : fallback;
}

/** The list of texts under a key. */
export function textsAt(from: JsonObject, key: string): readonly string[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** Refuses the configuration for one key of it. */
export function refuse(kind: string, source: string, message: string, hint: string): ConfigError {
  return new ConfigError([{ severity: 'error', kind, source, message, hint }]);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
