import type { Endpoint, GatewayConfig, ServiceRef } from '@ocelot/core';

import { endpointName } from './endpoint-name.js';
import type { MetricBook } from './metric-book.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * Which endpoints there are, by the configuration in force and by registries. Endpoints that come and go by the hour
 * would fill every metric; so what is told of one ends with it, as soon as it carries nothing any more.
 */
export class KnownEndpoints {
  readonly #book: MetricBook;
  #configured: ReadonlySet<string> = NONE;
  /** Only those with endpoints: clients can name services that do not exist. */
  readonly #discovered = new Map<string, ReadonlySet<string>>();
  /** Not there any more, but sockets to them are. */
  #leaving: ReadonlySet<string> = NONE;

  constructor(book: MetricBook) {
    this.#book = book;
  }

  /** A configuration is in force. */
  configured({ routes, dynamic }: Pick<GatewayConfig, 'routes' | 'dynamic'>): void {
    const before = this.#configured;
    const all = dynamic === undefined ? routes : [...routes, ...dynamic.entries, dynamic.fallback];
    this.#configured = new Set(
      all.flatMap(({ source }) => (source.kind === 'static' ? source.endpoints.map(endpointName) : [])),
    );
    this.#forget(before);
  }

  /** A registry told the endpoints of a service. */
  discovered({ name, namespace }: ServiceRef, endpoints: readonly Endpoint[]): void {
    const key = `${namespace}\0${name}`;
    const before = this.#discovered.get(key) ?? NONE;
    if (endpoints.length === 0) this.#discovered.delete(key);
    else this.#discovered.set(key, new Set(endpoints.map(endpointName)));
    this.#forget(before);
  }

  /** An exchange let go of the endpoint. */
  released(name: string): void {
    if (this.#leaving.has(name)) this.#forget(NONE);
  }

  #forget(before: ReadonlySet<string>): void {
    const gone = new Set([...this.#leaving, ...before].filter((name) => !this.#has(name)));
    this.#leaving = gone.size === 0 ? NONE : this.#book.forgetEndpoints(gone);
  }

  #has(name: string): boolean {
    if (this.#configured.has(name)) return true;
    for (const names of this.#discovered.values()) if (names.has(name)) return true;
    return false;
  }
}
