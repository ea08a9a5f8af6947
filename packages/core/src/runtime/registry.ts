import type { ServiceDiscoveryProviderFactory } from '../contracts/discovery.js';
import type { ControlEndpoint } from '../contracts/control.js';
import type { EndpointGuard } from '../contracts/endpoint-guard.js';
import type { FrameTap } from '../contracts/frames.js';
import type { BalancingPolicyFactory } from '../contracts/load-balancer.js';
import type { ConfigurationHook, Plugin, PluginHost, Registry } from '../contracts/plugin.js';
import type { Relay } from '../contracts/relay.js';
import type { StageDefinition } from '../contracts/stage.js';
import type { GatewayEvent, Telemetry } from '../contracts/telemetry.js';
import { ConfigError } from '../errors/config-error.js';

interface Claim<T> {
  readonly name: string;
  readonly plugin: string;
  readonly value: T;
}

/** Names compared without case, each claimed once. */
class Claims<T> {
  readonly #what: string;
  readonly #claims = new Map<string, Claim<T>>();

  constructor(what: string) {
    this.#what = what;
  }

  add(name: string, value: T, plugin: string): void {
    const taken = this.#claims.get(name.toLowerCase());
    if (taken !== undefined) {
      throw new ConfigError([
        {
          severity: 'error',
          kind: 'PluginNameTaken',
          source: `plugin ${plugin}`,
          message: `the ${this.#what} "${name}" is registered already, by the plugin ${taken.plugin}.`,
          hint: 'Leave one of the two plugins out, or give yours another name.',
        },
      ]);
    }
    this.#claims.set(name.toLowerCase(), { name, plugin, value });
  }

  get(name: string): T | undefined {
    return this.#claims.get(name.toLowerCase())?.value;
  }

  get names(): readonly string[] {
    return [...this.#claims.values()].map((claim) => claim.name);
  }

  get values(): readonly T[] {
    return [...this.#claims.values()].map((claim) => claim.value);
  }
}

/** Everything that the plugins of one gateway brought. Filled once, at the start, then only read. */
export class PluginRegistry {
  readonly discovery: Claims<ServiceDiscoveryProviderFactory> = new Claims<ServiceDiscoveryProviderFactory>(
    'discovery type',
  );
  readonly balancing: Claims<BalancingPolicyFactory> = new Claims<BalancingPolicyFactory>('load balancer type');
  readonly #stages = new Claims<StageDefinition>('stage');
  readonly #guards = new Claims<EndpointGuard>('guard');
  readonly #taps = new Claims<FrameTap>('tap');
  readonly #controls = new Claims<ControlEndpoint>('control endpoint');
  readonly #telemetry: Telemetry[] = [];
  readonly relays: Relay[] = [];
  /** In order of registration. */
  readonly hooks: { readonly plugin: string; readonly hook: ConfigurationHook }[] = [];
  /** What plugins are lent. */
  readonly host: PluginHost;
  /** Tells the telemetry sinks. Never throws. */
  readonly record: (event: GatewayEvent) => void;
  /** In order of registration; run in reverse. */
  readonly closers: { readonly plugin: string; readonly close: () => void | Promise<void> }[] = [];

  constructor(host: Omit<PluginHost, 'record'>) {
    this.record = (event) => {
      for (const sink of this.#telemetry) {
        if (sink.isListening === false) continue;
        try {
          sink.record(event);
        } catch (error) {
          host.log.error({ err: error, event: event.type }, 'a telemetry sink failed');
        }
      }
    };
    this.host = { ...host, record: this.record };
  }

  /** Whether anybody listens to events. */
  get hasTelemetry(): boolean {
    return this.#telemetry.some(({ isListening }) => isListening !== false);
  }

  /** In order of registration. */
  get controls(): readonly ControlEndpoint[] {
    return this.#controls.values;
  }

  /** In order of registration. */
  get guards(): readonly EndpointGuard[] {
    return this.#guards.values;
  }

  /** In order of registration. */
  get stages(): readonly StageDefinition[] {
    return this.#stages.values;
  }

  /** In order of registration. */
  get taps(): readonly FrameTap[] {
    return this.#taps.values;
  }

  /**
   * Sets a plugin up.
   * @throws ConfigError naming the plugin when its setup fails or it claims a name that is taken.
   */
  async add(plugin: Plugin): Promise<void> {
    try {
      await plugin.setup(this.#registryOf(plugin.name));
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      const issue = {
        severity: 'error' as const,
        kind: 'PluginFailed',
        source: `plugin ${plugin.name}`,
        message: `its setup failed: ${error instanceof Error ? error.message : String(error)}`,
      };
      throw Object.assign(new ConfigError([issue]), { cause: error });
    }
  }

  #registryOf(plugin: string): Registry {
    return {
      host: { ...this.host, log: this.host.log.child({ plugin }) },
      discovery: (type, create) => this.discovery.add(type, create, plugin),
      balancing: (type, create) => this.balancing.add(type, create, plugin),
      stage: (definition) => this.#stages.add(definition.name, definition, plugin),
      guard: (definition) => this.#guards.add(definition.name, definition, plugin),
      tap: (definition) => this.#taps.add(definition.name, definition, plugin),
      relay: (relay) => void this.relays.push(relay),
      telemetry: (sink) => void this.#telemetry.push(sink),
      configuration: (hook) => void this.hooks.push({ plugin, hook }),
      control: (endpoint) => this.#controls.add(controlName(endpoint, plugin), endpoint, plugin),
      onClose: (close) => void this.closers.push({ plugin, close }),
    };
  }
}

/** Two paths that differ only in the names of their placeholders are the same call. */
function controlName({ method, path }: ControlEndpoint, plugin: string): string {
  if (/^(\/[\w.~-]+|\/\{\w+\})+$/.test(path)) return `${method} ${path.replace(/\{\w+\}/g, '{}')}`;
  throw new ConfigError([
    {
      severity: 'error',
      kind: 'ControlPath',
      source: `plugin ${plugin}`,
      message: `"${path}" is no path of a control endpoint.`,
      hint: 'Write segments of letters, digits and - . _ ~, or placeholders as whole segments: /sessions/{id}/token.',
    },
  ]);
}
