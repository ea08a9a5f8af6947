import type { DynamicRouting, GatewayConfig } from '../config/gateway-config.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Route, ServiceRef } from '../contracts/route.js';
import { resolveDynamic } from '../routing/dynamic-route.js';
import type { Rewrite } from '../routing/rewrite.js';
import { bindRoute, type BindContext, type BoundMatch, type BoundRoute } from './bound-route.js';

/** Services watched at once: names come from clients, so their number must have a limit. */
const MOST_SERVICES = 256;

/** The rest of the path after the service's segment; the query as it came. Never cached with the route. */
const rewriteToRest: Rewrite = (request) => {
  const resolved = resolveDynamic(request);
  return { path: resolved?.path ?? '/', query: request.query };
};

/**
 * Routing without routes: `/service/rest` goes to the service of that name. A service is bound and watched from its
 * first request on; beyond the limit the one that was asked for longest ago goes, one without endpoints first.
 */
export class DynamicRoutes {
  readonly #routing: DynamicRouting;
  readonly #config: GatewayConfig;
  /** `released` gives the provider back. */
  readonly #context: BindContext & { readonly released: () => void };
  /** In order of last use. */
  readonly #bound = new Map<string, BoundRoute>();
  #isClosed = false;

  constructor(
    routing: DynamicRouting,
    config: GatewayConfig,
    context: BindContext & { readonly released: () => void },
  ) {
    this.#routing = routing;
    this.#config = config;
    this.#context = context;
  }

  match(request: GatewayRequest): BoundMatch | undefined {
    const resolved = resolveDynamic(request);
    if (resolved === undefined || this.#isClosed) return undefined;
    const service: ServiceRef = { name: resolved.service, namespace: resolved.namespace };
    const key = JSON.stringify([service.namespace, service.name]);
    const bound = this.#bound.get(key) ?? this.#bind(service);
    this.#bound.delete(key);
    this.#bound.set(key, bound);
    return { value: bound, params: {} };
  }

  /** Releases every route. */
  close(): void {
    this.#isClosed = true;
    for (const bound of this.#bound.values()) bound.release();
    this.#bound.clear();
    this.#context.released();
  }

  #bind(service: ServiceRef): BoundRoute {
    if (this.#bound.size >= MOST_SERVICES) this.#evict();
    const template = this.#entryOf(service) ?? this.#routing.fallback;
    const id = service.namespace === '' ? service.name : `${service.namespace}.${service.name}`;
    const route: Route = Object.freeze({
      ...template,
      id: `${template.id}:${id}`,
      match: { ...template.match, pathTemplate: `/${id}` },
      source: { kind: 'discovered', service } as const,
    });
    return bindRoute(route, this.#config, this.#context, { rewrite: rewriteToRest, countId: template.id });
  }

  /** Ocelot: same ServiceName, and the same ServiceNamespace when the request has one. */
  #entryOf(service: ServiceRef): Route | undefined {
    return this.#routing.entries.find(
      ({ source }) =>
        source.kind === 'discovered' &&
        source.service.name === service.name &&
        (service.namespace === '' || source.service.namespace === service.namespace),
    );
  }

  #evict(): void {
    const keys = [...this.#bound.keys()];
    const empty = keys.find((key) => this.#bound.get(key)?.hold.pool.candidates.length === 0);
    const victim = empty ?? keys[0];
    if (victim === undefined) return;
    this.#bound.get(victim)?.release();
    this.#bound.delete(victim);
    this.#context.sweep();
  }
}
