import type { GatewayConfig } from '../config/gateway-config.js';
import type { Clock } from './clock.js';
import type { ConnectionLedger } from './connection-ledger.js';
import type { ControlEndpoint } from './control.js';
import type { ServiceDiscoveryProviderFactory } from './discovery.js';
import type { EndpointGuard } from './endpoint-guard.js';
import type { FrameTap } from './frames.js';
import type { GatewayMember } from './gateway-group.js';
import type { BalancingPolicyFactory } from './load-balancer.js';
import type { Logger } from './logger.js';
import type { Relay } from './relay.js';
import type { StageDefinition } from './stage.js';
import type { GatewayEvent, Telemetry } from './telemetry.js';

/** Something that adds abilities to a gateway. Set up once per gateway, in the order given. */
export interface Plugin {
  readonly name: string;
  /**
   * Keys of `ocelot.json` that the plugin acts on (`RateLimitOptions`): without it a file that uses them is warned of.
   * For whoever reads the file before there is a gateway (`supportedKeys` of {@link readConfiguration}).
   */
  readonly supports?: readonly string[];
  /** Registers what the plugin brings. What it throws refuses the start, naming the plugin. */
  setup(registry: Registry): void | Promise<void>;
}

/** What the gateway lends its plugins. */
export interface PluginHost {
  readonly clock: Clock;
  readonly log: Logger;
  /** Uniform in [0, 1). Injected, so that tests can script it. */
  readonly random: () => number;
  /** Counts what members of a group must count together. */
  readonly ledger: ConnectionLedger;
  /** Set when several gateways share the work. */
  readonly member?: GatewayMember;
  /**
   * The configuration is only tried (`ocelot validate`, `ocelot explain`): check it, but connect to nothing, send
   * nothing, count nowhere but in memory.
   */
  readonly isTrial?: boolean;
  /** Tells the telemetry sinks. */
  record(event: GatewayEvent): void;
}

/** Follows the configurations of a gateway: for plugins that read files, open stores or load libraries for them. */
export interface ConfigurationHook {
  /**
   * Called for each configuration before its routes are bound: the place for `import()` of what only some files need.
   * It has 30 s, and no time once the gateway drains; a configuration that is ready too late is released.
   * @throws ConfigError, Error (also as a rejection) when it cannot be used: it is then refused.
   */
  prepare?(config: GatewayConfig): void | Promise<void>;
  /** It is in force from now on. */
  applied?(config: GatewayConfig): void;
  /**
   * It is not in force any more, or never was because it was refused: once for each one that was prepared. Requests
   * that began under it may still run.
   */
  released?(config: GatewayConfig): void;
}

/**
 * Where plugins register: one object per gateway, not a module global. Names are compared without case, as Ocelot
 * compares `Type`.
 * @throws ConfigError (each method) when the name is taken already.
 */
export interface Registry {
  readonly host: PluginHost;
  /** Makes `ServiceDiscoveryProvider.Type` `type` known. */
  discovery(type: string, create: ServiceDiscoveryProviderFactory): void;
  /** Makes `LoadBalancerOptions.Type` `type` known. */
  balancing(type: string, create: BalancingPolicyFactory): void;
  stage(definition: StageDefinition): void;
  /** Lets a plugin decide which endpoints of a route may be used, and learn how calls to them end. */
  guard(definition: EndpointGuard): void;
  /** Lets a plugin see frames, or decide about messages. Hooks of several taps run in the order of registration. */
  tap(definition: FrameTap): void;
  relay(relay: Relay): void;
  /**
   * Hears every event. Also from {@link ConfigurationHook.prepare}: while no sink listens when routes are bound, no
   * events of attempts are made on them.
   */
  telemetry(sink: Telemetry): void;
  /** Follows the configurations. */
  configuration(hook: ConfigurationHook): void;
  /**
   * Adds a call to the gateway's control address; method and path must be free, whatever placeholders are called.
   * @throws ConfigError also when the path is none.
   */
  control(endpoint: ControlEndpoint): void;
  /** Runs at the end of {@link Gateway.drain}, last registered first. */
  onClose(close: () => void | Promise<void>): void;
}
