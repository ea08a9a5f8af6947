import type { JsonObject } from '../../contracts/json.js';
import { isInUse, said } from '../in-use.js';
import { isCatchAll } from '../normalize/normalize-route.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

/** Which options each policy reads; a custom policy has its own. */
const READ_BY: Readonly<Record<string, readonly string[]>> = {
  NoLoadBalancer: [],
  RoundRobin: [],
  LeastConnection: [],
  CookieStickySessions: ['Key', 'Expiry'],
  AffinityCookie: ['Key', 'Expiry', 'Secret', 'SameSite', 'Secure', 'Path', 'Domain', 'Policy'],
  ConsistentHash: ['HashOn', 'LoadFactor'],
};
const BALANCING_OPTIONS: readonly string[] = [...new Set(Object.values(READ_BY).flat())];

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
  const policy = Object.keys(READ_BY).find((name) => name.toLowerCase() === type?.toLowerCase());
  if (options === undefined || policy === undefined) return;
  for (const key of BALANCING_OPTIONS) {
    if (!isInUse(options[key]) || READ_BY[policy]?.includes(key) === true) continue;
    const readers = Object.keys(READ_BY).filter((name) => READ_BY[name]?.includes(key) === true);
    context.warn({
      kind: 'BalancingOptionUnused',
      at: options,
      key,
      message: `${key} has no effect on ${type}.`,
      hint: `Remove it; ${readers.join(' and ')} ${readers.length === 1 ? 'is what reads it' : 'are what read it'}.`,
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
