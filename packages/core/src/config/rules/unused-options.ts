import type { JsonObject } from '../../contracts/json.js';
import { isInUse, said } from '../in-use.js';
import { isCatchAll } from '../normalize/normalize-route.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

/** Policies that read no options: `Key` and `Expiry` belong to CookieStickySessions, a custom policy has its own. */
const WITHOUT_OPTIONS: ReadonlySet<string> = new Set(['noloadbalancer', 'roundrobin', 'leastconnection']);

/** What another key of the same route makes pointless. Ocelot ignores it in silence, and so it looks like a mistake. */
export const unusedOptions: RouteRule = (route, context) => {
  balancingOptions(route.LoadBalancerOptions, context);
  if (isCatchAll(route) && isInUse(route.Priority, 1)) {
    context.warn({
      kind: 'PriorityUnused',
      at: route,
      key: 'Priority',
      message: `Priority ${route.Priority} has no effect: a template that is one placeholder is always asked last (0).`,
      hint: 'Remove it.',
    });
  }
  if (said(route.ServiceName) === undefined) return;
  if (isInUse(route.DownstreamHostAndPorts)) {
    context.warn({
      kind: 'HostsUnused',
      at: route,
      key: 'DownstreamHostAndPorts',
      message: `DownstreamHostAndPorts are not used: the route finds its backends as service "${route.ServiceName}".`,
      hint: 'Remove one of the two.',
    });
  }
  if (isInUse(route.ServiceNamespace) && isConsul(context)) namespaceUnused(route, 'ServiceNamespace', context);
};

/** The same for the global sections and for dynamic routes. */
export const unusedGlobalOptions: FileRule = (context) => {
  balancingOptions(context.shared.LoadBalancerOptions, context);
  for (const route of context.file.DynamicRoutes ?? []) balancingOptions(route.LoadBalancerOptions, context);
  const section = context.shared.ServiceDiscoveryProvider;
  if (section === undefined || !isConsul(context)) return;
  if (isInUse(section['Namespace'])) namespaceUnused(section, 'Namespace', context);
  if (isInUse(section['PollingInterval']) && providerType(context) === 'consul') {
    context.warn({
      kind: 'PollingIntervalUnused',
      at: section,
      key: 'PollingInterval',
      message: 'PollingInterval has no effect on Consul: its changes are known at once, without polling.',
      hint: 'Remove it, or write "Type": "PollConsul".',
    });
  }
};

function balancingOptions(options: (JsonObject & { readonly Type?: string }) | undefined, context: RuleContext): void {
  const type = said(options?.Type);
  if (options === undefined || type === undefined || !WITHOUT_OPTIONS.has(type.toLowerCase())) return;
  for (const key of ['Key', 'Expiry']) {
    if (!isInUse(options[key])) continue;
    context.warn({
      kind: 'BalancingOptionUnused',
      at: options,
      key,
      message: `${key} has no effect on ${type}.`,
      hint: 'Remove it; CookieStickySessions is what reads it.',
    });
  }
}

function namespaceUnused(at: object, key: string, context: RuleContext): void {
  context.warn({
    kind: 'NamespaceUnused',
    at,
    key,
    message: `${key} has no effect on Consul: services are looked up by their name alone.`,
    hint: 'Remove it.',
  });
}

function isConsul(context: RuleContext): boolean {
  return ['consul', 'pollconsul'].includes(providerType(context));
}

function providerType({ shared }: RuleContext): string {
  return said(shared.ServiceDiscoveryProvider?.Type)?.toLowerCase() ?? 'consul';
}
