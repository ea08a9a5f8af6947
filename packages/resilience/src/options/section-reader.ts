import { ConfigError, type GatewayConfig, type JsonObject, type JsonValue, type Route } from '@ocelot/core';

/** Reads one object of the file: the route's keys over the global ones. Types and ranges were checked by core. */
export class PartReader {
  readonly #values: JsonObject;
  readonly #route: Route;
  readonly #path: string;

  constructor(route: Route, path: string, values: JsonObject) {
    this.#route = route;
    this.#path = path;
    this.#values = values;
  }

  number(key: string, fallback: number): number {
    const value = this.#values[key];
    return typeof value === 'number' ? value : fallback;
  }

  text(key: string, fallback: string): string {
    const value = this.#values[key];
    return typeof value === 'string' ? value.trim() : fallback;
  }

  /** A text that is compared without case. */
  word(key: string, fallback: string): string {
    return this.text(key, fallback).toLowerCase();
  }

  list(key: string): readonly string[] {
    const value = this.#values[key];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  map(key: string): Readonly<Record<string, string>> {
    const entries = Object.entries(asObject(this.#values[key]) ?? {});
    return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
  }

  /**
   * @param what Without a full stop: the hint stands behind it.
   * @throws ConfigError that names the key.
   */
  refuse(key: string, what: string, hint: string): never {
    const source = `${this.#route.location}/Gateway/${this.#path}/${key}`;
    throw new ConfigError([{ severity: 'error', kind: 'ResilienceOptions', source, message: `${what}.`, hint }]);
  }
}

/** Reads `Gateway.Resilience`, of a route and of the whole file. */
export class SectionReader {
  readonly #route: Route;
  readonly #own: JsonObject;
  readonly #shared: JsonObject;

  constructor(route: Route, config: GatewayConfig) {
    this.#route = route;
    this.#own = asObject(route.options.gateway['Resilience']) ?? {};
    this.#shared = asObject(asObject(config.global['Gateway'])?.['Resilience']) ?? {};
  }

  /** A part that the route or the whole file has. */
  part(name: string): PartReader | undefined {
    const own = asObject(this.#own[name]);
    const shared = asObject(this.#shared[name]);
    if (own === undefined && shared === undefined) return undefined;
    return new PartReader(this.#route, `Resilience/${name}`, { ...shared, ...own });
  }

  number(key: string, fallback: number): number {
    return this.#whole().number(key, fallback);
  }

  word(key: string, fallback: string): string {
    return this.#whole().word(key, fallback);
  }

  #whole(): PartReader {
    return new PartReader(this.#route, 'Resilience', { ...this.#shared, ...this.#own });
  }
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
