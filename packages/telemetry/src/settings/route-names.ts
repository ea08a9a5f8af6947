import type { GatewayConfig, Route, ServiceRef } from '@ocelot/core';

/** Names of a configuration: what may become a label, since it cannot come from a client. */
export interface RouteNames {
  /** The id of a route; that of the template for a service of dynamic routing, whose name is the client's. */
  labelOf(routeId: string): string;
  /** Whether a route or an entry of dynamic routing is called so. */
  hasLabel(label: string): boolean;
  /** Whether the configuration names the service, as {@link RouteNames.serviceLabel} calls it. */
  hasService(label: string): boolean;
  /** `namespace.name`; undefined for a service that only clients named. */
  serviceLabel(service: ServiceRef): string | undefined;
  /** `http.route` of a route. */
  templateOf(route: Route): string;
}

/** Collects the names of a configuration. */
export function routeNames(config: GatewayConfig): RouteNames {
  const dynamic = config.dynamic === undefined ? [] : [...config.dynamic.entries, config.dynamic.fallback];
  const known = new Set([...config.routes, ...dynamic].map(({ id }) => id));
  const services = new Set([...config.routes, ...dynamic].flatMap(servicesOf));
  const templateIdOf = (routeId: string): string | undefined =>
    dynamic.find(({ id }) => routeId.startsWith(`${id}:`))?.id;
  return {
    // A route that an earlier configuration had still has sockets.
    labelOf: (routeId) => (known.has(routeId) ? routeId : (templateIdOf(routeId) ?? routeId)),
    hasLabel: (label) => known.has(label),
    hasService: (label) => services.has(label),
    serviceLabel(service) {
      const name = serviceName(service);
      return services.has(name) ? name : undefined;
    },
    templateOf: (route) =>
      known.has(route.id) || templateIdOf(route.id) === undefined
        ? route.match.pathTemplate
        : '/{service}/{everything}',
  };
}

function servicesOf({ source }: Route): string[] {
  return source.kind === 'discovered' && source.service.name !== '' ? [serviceName(source.service)] : [];
}

function serviceName({ name, namespace }: ServiceRef): string {
  return namespace === '' ? name : `${namespace}.${name}`;
}
