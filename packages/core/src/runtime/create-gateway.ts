import type { GatewayConfig } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { Gateway } from '../contracts/gateway.js';
import type { GatewayGroup } from '../contracts/gateway-group.js';
import type { Logger } from '../contracts/logger.js';
import type { Plugin } from '../contracts/plugin.js';
import { createConnectionLedger } from '../pipeline/local-ledger.js';
import { LiveGateway } from './gateway.js';
import { PluginRegistry } from './registry.js';
import { silentLogger } from './silent-logger.js';
import { systemClock } from './system-clock.js';

/** What a gateway is made of. */
export interface GatewayOptions {
  /** Made by `readConfiguration`. */
  readonly config: GatewayConfig;
  /** Set up in this order, closed in reverse. */
  readonly plugins?: readonly Plugin[];
  /** @default a logger that says nothing */
  readonly log?: Logger;
  /** @default the real clock */
  readonly clock?: Clock;
  /** Uniform in [0, 1); handed to policies and providers. @default Math.random */
  readonly random?: () => number;
  /**
   * Longest wait, in milliseconds, for the first endpoints of discovered services at start and reload. A service whose
   * registry does not answer in time starts without endpoints: its routes answer 503 until it does.
   * @default 3000
   */
  readonly startTimeoutMs?: number;
  /** Gateways in other processes that serve the same clients. @default none: this one counts and balances alone */
  readonly group?: GatewayGroup;
  /** The revision of `config`: a member that joins a group late takes the number the others are at. @default 1 */
  readonly firstRevision?: number;
}

/**
 * Makes a gateway and puts its configuration in force: for those who embed it and for the command line.
 *
 * The caller owns it: attach relays to servers of your own, and call `drain` at the end, which closes the plugins too.
 * @throws ConfigError when a plugin cannot be set up, or when the configuration names a discovery or load balancer
 *   type that no plugin registered; nothing is left running then.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { group, log = silentLogger, clock = systemClock, random = Math.random } = options;
  const registry = new PluginRegistry({
    clock,
    log,
    random,
    ledger: group?.ledger ?? createConnectionLedger(),
    ...(group === undefined ? {} : { member: group.member }),
  });
  const gateway = new LiveGateway({
    registry,
    log,
    clock,
    random,
    startTimeoutMs: options.startTimeoutMs ?? 3000,
    group,
    firstRevision: options.firstRevision ?? 1,
  });
  try {
    for (const plugin of options.plugins ?? []) await registry.add(plugin);
    await gateway.reload(options.config);
  } catch (error) {
    await gateway.drain({ deadlineMs: 0 });
    throw error;
  }
  return gateway;
}
