import type { GatewayRequest, Route, RouteMatch } from '../../src/index.js';
import { route as makeRoute } from '../make-route.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';

/** The keys of a route of `ocelot.json` that routing looks at, as the vectors write them. */
export interface FileRoute {
  readonly UpstreamPathTemplate: string;
  readonly DownstreamPathTemplate?: string;
  readonly UpstreamHttpMethod?: readonly string[];
  readonly UpstreamHost?: string | null;
  readonly UpstreamHeaderTemplates?: Readonly<Record<string, string>>;
  readonly RouteIsCaseSensitive?: boolean;
  readonly Priority?: number;
}

let count = 0;

/** A route with the given conditions; everything else at its default. */
export function route(match: Partial<RouteMatch> & { readonly pathTemplate: string }, downstream = '/'): Route {
  count += 1;
  const plain = makeRoute(match.pathTemplate);
  return {
    ...plain,
    id: `route-${count}`,
    match: { ...plain.match, ...match },
    rewrite: { pathTemplate: downstream },
  };
}

/** A route as a vector writes it. */
export function fileRoute(file: FileRoute): Route {
  return route(
    {
      pathTemplate: file.UpstreamPathTemplate,
      caseSensitive: file.RouteIsCaseSensitive ?? false,
      methods: (file.UpstreamHttpMethod ?? []).map((method) => method.toUpperCase()),
      host: file.UpstreamHost?.toLowerCase(),
      headers: file.UpstreamHeaderTemplates ?? {},
      priority: file.Priority ?? 1,
    },
    file.DownstreamPathTemplate ?? '/',
  );
}

/** What a request may differ in. */
export interface RequestOptions {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly kind?: GatewayRequest['kind'];
}

/** A request as a relay would make it. */
export function request(target: string, options: RequestOptions = {}): GatewayRequest {
  const { method = 'GET', host = 'localhost', headers = {}, kind = 'http' } = options;
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return createGatewayRequest({
    kind,
    method,
    target,
    rawHeaders: ['Host', host, ...lines],
    client: { address: '192.0.2.1', port: 50_000, tls: false },
  });
}
