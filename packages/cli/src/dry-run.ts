import {
  type Endpoint,
  type EndpointGuard,
  type Gateway,
  type GatewayConfig,
  type Logger,
  type Plugin,
  type PluginHost,
  type ServiceDiscoveryProvider,
  type ServiceRef,
  createGateway,
} from '@ocelot/core';

/**
 * Compiles a configuration with its plugins as `run` does, without asking any registry or endpoint: what only the
 * plugins know (registered types, options of policies and providers) is then known to be right.
 *
 * The gateway must be drained by the caller. It tells no telemetry, and its relays have nothing to answer.
 * @throws ConfigError when a plugin, a type or an option cannot be used.
 */
export async function dryRun(
  config: GatewayConfig,
  plugins: readonly Plugin[],
  { endpointsOf = () => [], log }: DryRunOptions = {},
): Promise<Gateway> {
  const tried = plugins.map((plugin) => withoutConnections(plugin, endpointsOf));
  return createGateway({ config, plugins: tried, ...(log && { log }) });
}

/** What a dry run may be given. */
export interface DryRunOptions {
  /** What a discovered service is taken to consist of. @default nothing */
  readonly endpointsOf?: (service: ServiceRef) => readonly Endpoint[];
  /** Hears what plugins have to say. @default nobody */
  readonly log?: Logger;
}

function withoutConnections(plugin: Plugin, endpointsOf: (service: ServiceRef) => readonly Endpoint[]): Plugin {
  return {
    name: plugin.name,
    setup: (registry) =>
      plugin.setup({
        host: trialHost(registry.host),
        discovery: (type, create) =>
          registry.discovery(type, (options, context) => silenced(create(options, context), endpointsOf)),
        balancing: (type, create) => registry.balancing(type, create),
        stage: (definition) => registry.stage(definition),
        guard: (definition) => registry.guard(withoutChecks(definition)),
        tap: (definition) => registry.tap(definition),
        relay: (relay) => registry.relay(relay),
        telemetry: () => undefined,
        configuration: (hook) => registry.configuration(hook),
        control: () => undefined,
        onClose: (close) => registry.onClose(close),
      }),
  };
}

/** Plugins that would connect by themselves are told not to; nobody hears of what happens. */
function trialHost({ clock, log, random, ledger, member }: PluginHost): PluginHost {
  return { clock, log, random, ledger, ...(member && { member }), isTrial: true, record: () => undefined };
}

/** The guard was made, so its options are right; checks of endpoints would connect to them. */
function withoutChecks(guard: EndpointGuard): EndpointGuard {
  return {
    name: guard.name,
    forRoute(route, config) {
      guard.forRoute(route, config)?.close?.();
      return undefined;
    },
  };
}

/** The provider was made, so its options are right; it is never asked. */
function silenced(
  provider: ServiceDiscoveryProvider,
  endpointsOf: (service: ServiceRef) => readonly Endpoint[],
): ServiceDiscoveryProvider {
  return {
    subscribe(service, observer) {
      let isActive = true;
      queueMicrotask(() => {
        if (isActive) observer.next(endpointsOf(service));
      });
      return {
        unsubscribe() {
          isActive = false;
        },
      };
    },
    close: () => provider.close(),
  };
}
