import type { Route } from '../../contracts/route.js';
import type { FileConfig, FileDynamicRoute } from '../file-config.js';
import type { DynamicRouting } from '../gateway-config.js';
import { said } from '../in-use.js';
import { schemeOf } from './endpoints.js';
import { commonSettings, type NormalizeContext } from './normalize-route.js';

/**
 * Whether services are routed to by the first segment of the path. Ocelot: no static route has an upstream template,
 * and the registry has host, type and port; the first two have defaults, so the port decides.
 */
export function isDynamicRouting(file: FileConfig): boolean {
  const hasStaticRoute = (file.Routes ?? []).some((route) => said(route.UpstreamPathTemplate) !== undefined);
  return !hasStaticRoute && (file.GlobalConfiguration?.ServiceDiscoveryProvider?.Port ?? 0) > 0;
}

/** Makes the {@link DynamicRouting} of a file; undefined when it is not in force. */
export function normalizeDynamic(file: FileConfig, context: NormalizeContext): DynamicRouting | undefined {
  if (!isDynamicRouting(file)) return undefined;
  const named = (file.DynamicRoutes ?? []).filter((route) => said(route.ServiceName) !== undefined);
  return {
    entries: named.map((route) => dynamicRoute(route, context)),
    fallback: dynamicRoute({}, context),
  };
}

function dynamicRoute(route: FileDynamicRoute, context: NormalizeContext): Route {
  const name = said(route.ServiceName) ?? '';
  const namespace = said(route.ServiceNamespace) ?? '';
  const service = namespace === '' ? name : `${namespace}.${name}`;
  return {
    id: context.ids.claim(said(route.Key) ?? (service === '' ? 'dynamic' : `dynamic ${service}`)),
    match: {
      pathTemplate: '/{everything}',
      caseSensitive: false,
      methods: [],
      host: undefined,
      headers: {},
      priority: 0,
    },
    rewrite: { pathTemplate: '/{everything}' },
    source: { kind: 'discovered', service: { name, namespace } },
    scheme: schemeOf(said(route.DownstreamScheme) ?? context.shared.DownstreamScheme),
    ...commonSettings(route, context),
  };
}
