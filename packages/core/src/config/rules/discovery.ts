import type { FileConfig } from '../file-config.js';
import { isInUse, said } from '../in-use.js';
import { isDynamicRouting } from '../normalize/normalize-dynamic.js';
import type { FileRule, RuleContext } from './rule.js';

/** Built into Ocelot: needs no package. */
const SERVICE_FABRIC = 'servicefabric';

/** A route with a service needs somebody who finds it (compat 1.10, rule 12). */
export const routeDiscovery: FileRule = (context) => {
  if (context.options.discovery !== false || providerType(context.file) === SERVICE_FABRIC) return;
  for (const route of context.file.Routes ?? []) {
    if (said(route.ServiceName) !== undefined) noProvider(route, 'ServiceName', context);
  }
};

/** A registry that is named needs a package that knows it (rule 14). */
export const globalDiscovery: FileRule = (context) => {
  const section = context.shared.ServiceDiscoveryProvider;
  const type = providerType(context.file);
  if (context.options.discovery !== false || section === undefined || type === '' || type === SERVICE_FABRIC) return;
  noProvider(section, 'Type', context);
};

/** Static routes switch dynamic routing off, and dynamic routes need a registry with a port. */
export const dynamicRouting: FileRule = (context) => {
  const { file, shared } = context;
  const isDynamic = isDynamicRouting(file);
  if (isInUse(file.DynamicRoutes) && !isDynamic) {
    const mixed = (file.Routes ?? []).length > 0;
    context.warn({
      kind: 'DynamicRoutesUnused',
      at: file,
      key: 'DynamicRoutes',
      message: `DynamicRoutes are not used: ${mixed ? 'the file has static routes' : 'no registry is configured'}.`,
      hint: mixed
        ? 'Remove the static routes, or write the dynamic ones as Routes with a ServiceName.'
        : 'Give GlobalConfiguration.ServiceDiscoveryProvider a Port.',
    });
  }
  for (const route of isDynamic ? (file.DynamicRoutes ?? []) : []) {
    if (said(route.ServiceName) !== undefined) continue;
    context.warn({
      kind: 'DynamicRouteWithoutService',
      at: route,
      key: 'ServiceName',
      message: 'The dynamic route names no service; it is ignored.',
      hint: 'Write its ServiceName.',
    });
  }
  if (said(shared.DownstreamScheme) !== undefined && !isDynamic) {
    context.warn({
      kind: 'GlobalSchemeUnused',
      at: shared,
      key: 'DownstreamScheme',
      message: 'The global DownstreamScheme holds for dynamic routing only; static routes do not take it.',
      hint: 'Write DownstreamScheme on each route.',
    });
  }
};

/** A gateway without any route answers 404 to everything; parts of a configuration look like that. */
export const someRoute: FileRule = (context) => {
  if ((context.file.Routes ?? []).length > 0 || isDynamicRouting(context.file)) return;
  if (context.locations.isBroken(context.file, 'Routes')) return;
  context.warn({
    kind: 'NoRoutes',
    at: context.file,
    key: 'Routes',
    message: 'The configuration has no route: every request is answered 404.',
    hint: 'Write "Routes", or a registry with a Port for dynamic routing.',
  });
};

function providerType(file: FileConfig): string {
  return said(file.GlobalConfiguration?.ServiceDiscoveryProvider?.Type)?.toLowerCase() ?? '';
}

function noProvider(at: object, key: string, context: RuleContext): void {
  context.error({
    kind: 'NoDiscoveryProvider',
    at,
    key,
    message: 'Service discovery is asked for, but no provider is registered.',
    hint: 'Install one (npm install @ocelot/discovery-consul) and add its plugin.',
  });
}
