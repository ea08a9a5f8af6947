import type { GatewayRequest } from '../contracts/request.js';
import { readPath } from './request-path.js';

/** What the path of a request names when there are no static routes. */
export interface DynamicTarget {
  /** Empty when the first segment holds no dot. */
  readonly namespace: string;
  readonly service: string;
  /** What is sent: the path behind the first segment, at least `/`. The query goes along untouched. */
  readonly path: string;
}

/**
 * Reads service and path out of a request for dynamic routing: `/service/rest`, or `/namespace.service/rest`, cut at
 * the first dot. Made anew for each request: the path of one request is never used for another.
 * Ocelot: DiscoveryDownstreamRouteFinder.
 *
 * @returns undefined when the path names no service.
 * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID when the path cannot be read safely.
 */
export function resolveDynamic(request: GatewayRequest): DynamicTarget | undefined {
  const { raw } = readPath(request);
  const slash = raw.indexOf('/', 1);
  const first = raw.slice(1, slash < 0 ? undefined : slash);
  const dot = first.indexOf('.');
  const service = first.slice(dot + 1);
  if (service === '') return undefined;
  return { namespace: dot < 0 ? '' : first.slice(0, dot), service, path: slash < 0 ? '/' : raw.slice(slash) };
}
