import type { GatewayRequest } from '../contracts/request.js';
import type { RouteMatchResult, RouteTable } from '../contracts/route-table.js';
import type { Route } from '../contracts/route.js';
import { type Candidate, compileCandidate } from './candidate.js';
import { PathIndex } from './path-index.js';
import { RequestView } from './request-view.js';
import { hostKind, matchingOrder } from './route-order.js';

// `match` runs once per request: one view of the request, one look-up per host that covers it, the params of the route
// that answers. Nothing is sorted, compiled or compared by regular expression. Guarded by bench/routing.bench.ts.

/** One route and what the caller wants back when it answers. */
export interface RouteEntry<T> {
  readonly route: Route;
  readonly value: T;
}

/**
 * Compiles the routes of one configuration into a table that answers as Ocelot would, without asking one route after
 * the other. The order of `entries` is that of the file.
 */
export function compileRouteTable<T>(entries: readonly RouteEntry<T>[]): RouteTable<T> {
  return new CompiledRouteTable(entries);
}

class CompiledRouteTable<T> implements RouteTable<T> {
  readonly #values: ReadonlyMap<Route, T>;
  readonly #byHost: ReadonlyMap<string, PathIndex>;
  /** By what follows the asterisk: `.example.com`. */
  readonly #bySuffix: ReadonlyMap<string, PathIndex>;
  readonly #anyHost: PathIndex;

  constructor(entries: readonly RouteEntry<T>[]) {
    // Of a route given twice the first place counts, as it would if both were asked.
    const values = new Map<Route, T>();
    for (const { route, value } of entries) if (!values.has(route)) values.set(route, value);
    this.#values = values;
    const exact = new Map<string, Candidate[]>();
    const wildcard = new Map<string, Candidate[]>();
    const any: Candidate[] = [];
    for (const route of matchingOrder([...values.keys()])) {
      const candidate = compileCandidate(route);
      const host = route.match.host?.toLowerCase() ?? '';
      const kind = hostKind(route);
      if (kind === 'any') any.push(candidate);
      else if (kind === 'exact') group(exact, host, candidate);
      else group(wildcard, host.slice(1), candidate);
    }
    this.#byHost = indexed(exact);
    this.#bySuffix = indexed(wildcard);
    this.#anyHost = new PathIndex(any);
  }

  match(request: GatewayRequest): RouteMatchResult<T> | undefined {
    const view = new RequestView(request);
    const candidate =
      this.#byHost.get(request.host)?.find(view) ?? this.#findBySuffix(view) ?? this.#anyHost.find(view);
    if (candidate === undefined) return undefined;
    // Every candidate was made from a key of the map.
    return { value: this.#values.get(candidate.route) as T, params: candidate.params(view) };
  }

  /** The longest suffix is asked first. */
  #findBySuffix(view: RequestView): Candidate | undefined {
    if (this.#bySuffix.size === 0) return undefined;
    const { host } = view.request;
    for (let dot = host.indexOf('.', 1); dot > 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#bySuffix.get(host.slice(dot))?.find(view);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function group(groups: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const candidates = groups.get(key);
  if (candidates === undefined) groups.set(key, [candidate]);
  else candidates.push(candidate);
}

function indexed(groups: ReadonlyMap<string, readonly Candidate[]>): ReadonlyMap<string, PathIndex> {
  return new Map([...groups].map(([key, candidates]) => [key, new PathIndex(candidates)]));
}
