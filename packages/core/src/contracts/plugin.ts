import type { ServiceDiscoveryProviderFactory } from './discovery.js';
import type { FrameTap } from './frames.js';
import type { BalancingPolicyFactory } from './load-balancer.js';
import type { Relay } from './relay.js';
import type { StageDefinition } from './stage.js';
import type { Telemetry } from './telemetry.js';

/** Something that adds abilities to a gateway. Set up once per gateway, in the order given. */
export interface Plugin {
  readonly name: string;
  /** Registers what the plugin brings. What it throws refuses the start, naming the plugin. */
  setup(registry: Registry): void | Promise<void>;
}

/**
 * Where plugins register: one object per gateway, not a module global. Names are compared without case, as Ocelot
 * compares `Type`.
 * @throws ConfigError (each method) when the name is taken already.
 */
export interface Registry {
  /** Makes `ServiceDiscoveryProvider.Type` `type` known. */
  discovery(type: string, create: ServiceDiscoveryProviderFactory): void;
  /** Makes `LoadBalancerOptions.Type` `type` known. */
  balancing(type: string, create: BalancingPolicyFactory): void;
  stage(definition: StageDefinition): void;
  /** Lets a plugin see frames, or decide about messages. Hooks of several taps run in the order of registration. */
  tap(definition: FrameTap): void;
  relay(relay: Relay): void;
  telemetry(sink: Telemetry): void;
  /** Runs at the end of {@link Gateway.drain}, last registered first. */
  onClose(close: () => void | Promise<void>): void;
}
