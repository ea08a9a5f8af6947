import { ConfigError } from '../errors/config-error.js';

/** Types that we know a package for: compared in lower case. */
const PACKAGES: Readonly<Record<string, string>> = {
  consul: '@ocelot/discovery-consul',
  pollconsul: '@ocelot/discovery-consul',
  noloadbalancer: '@ocelot/lb',
  roundrobin: '@ocelot/lb',
  leastconnection: '@ocelot/lb',
  cookiestickysessions: '@ocelot/lb',
};

/** Types of Ocelot that have no package here yet. */
const NOT_BUILT: readonly string[] = ['eureka', 'kube', 'pollkube', 'watchkube', 'servicefabric'];

/**
 * The error for a `Type` that no plugin registered: it lists the registered types and, for a known one, the command.
 * @param location Where the type is named, e.g. `ocelot.json#/Routes/3`.
 * @param from Said behind the type when it is named elsewhere, such as ` of GlobalConfiguration`.
 */
export function pluginMissing(
  what: 'discovery' | 'load balancer',
  type: string,
  location: string,
  registered: readonly string[],
  from = '',
): ConfigError {
  const known = registered.length === 0 ? 'none is registered' : `registered: ${registered.join(', ')}`;
  return new ConfigError([
    {
      severity: 'error',
      kind: 'PluginMissing',
      source: location,
      message: `the ${what} type "${type}"${from} is not registered (${known}).`,
      hint: hintFor(what, type),
    },
  ]);
}

function hintFor(what: 'discovery' | 'load balancer', type: string): string {
  const name = PACKAGES[type.toLowerCase()];
  if (name !== undefined) return `Run: npm install ${name} — and add its plugin to the gateway.`;
  if (NOT_BUILT.includes(type.toLowerCase())) {
    return 'No package brings it yet. A provider of your own takes about ten lines: docs/guides/write-a-discovery-provider.md.';
  }
  return what === 'discovery'
    ? 'Check the spelling, or register a provider of your own: docs/guides/write-a-discovery-provider.md.'
    : 'Check the spelling, or register a policy of your own: docs/guides/write-a-balancing-policy.md.';
}
