import type { GatewayRequest } from './request.js';
import type { Params } from './route.js';

/** What answers a request, and what the placeholders of its templates stand for. */
export interface RouteMatchResult<T> {
  readonly value: T;
  /** Placeholder values of path, query and headers; frozen. */
  readonly params: Params;
}

/** All routes of one configuration, compiled. Immutable; made by {@link compileRouteTable}. */
export interface RouteTable<T> {
  /**
   * Finds the route that answers, by Ocelot's rules: method, path, host and header templates must fit; a route with a
   * host wins over one without, then the higher priority, then the earlier place in the file.
   *
   * @returns undefined when no route answers.
   * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID, by kind, when the path cannot be read safely (see
   *   {@link createGatewayRequest}).
   */
  match(request: GatewayRequest): RouteMatchResult<T> | undefined;
}
