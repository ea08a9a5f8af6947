import {
  type DrainReport,
  type Gateway,
  type GatewayConfig,
  type GatewayGroup,
  type Logger,
  type Plugin,
  createGateway,
} from '@ocelot/core';

import { createDiscoveryCheck } from './discovery-check.js';
import { type ListenOptions, type Listener, listen } from './listen.js';

/** What a gateway on a port of this process is made of. */
export interface OpenGatewayOptions extends Pick<ListenOptions, 'host' | 'port' | 'reusePort'> {
  readonly config: GatewayConfig;
  readonly plugins: readonly Plugin[];
  /** Whether a registry that cannot be asked is a failure. */
  readonly requireDiscovery: boolean;
  readonly log: Logger;
  /** Set in a worker process. */
  readonly group?: GatewayGroup;
  /** @default 1 */
  readonly firstRevision?: number;
}

/** A gateway that accepts connections. */
export interface OpenGateway {
  readonly gateway: Gateway;
  /** In force now. */
  readonly config: GatewayConfig;
  /** `http://H:P` */
  readonly url: string;
  /**
   * Puts another configuration in force.
   * @throws ConfigError when it cannot be used; the one in force then stays.
   */
  reload(config: GatewayConfig): Promise<{ readonly revision: number }>;
  /** Takes no new connections. Idempotent. */
  stopAccepting(): void;
  /** Stops accepting, drains, closes everything. Call it once. */
  close(): Promise<DrainReport>;
}

/**
 * Sets the plugins up and opens the port.
 * @throws CommandError, ConfigError; nothing stays open then.
 */
export async function openGateway(options: OpenGatewayOptions): Promise<OpenGateway> {
  const { plugins, log, group, firstRevision = 1, host, port, reusePort = false } = options;
  let { config } = options;
  const discovery = createDiscoveryCheck();
  const gateway = await createGateway({
    config,
    plugins: [...plugins, discovery.plugin],
    log,
    firstRevision,
    ...(group !== undefined && { group }),
  });
  let listener: Listener;
  try {
    if (options.requireDiscovery) discovery.assertReached();
    listener = await listen(gateway, { host, port, reusePort });
  } catch (error) {
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    throw error;
  }
  return {
    gateway,
    get config() {
      return config;
    },
    url: listener.url,
    async reload(next) {
      const applied = await gateway.reload(next);
      config = next;
      return applied;
    },
    stopAccepting: () => listener.stop(),
    async close() {
      listener.stop();
      const report = await gateway.drain();
      listener.destroy();
      return report;
    },
  };
}
