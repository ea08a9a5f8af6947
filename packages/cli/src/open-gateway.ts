import { randomBytes } from 'node:crypto';

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
import { type TlsMaterial, readTlsMaterial } from './front/tls-material.js';
import { TlsRenewal } from './front/tls-renewal.js';
import { type ListenOptions, type Listener, listen } from './listen.js';

/** What a gateway on a port of this process is made of. */
export interface OpenGatewayOptions extends Pick<ListenOptions, 'host' | 'port' | 'reusePort' | 'socketMode'> {
  readonly config: GatewayConfig;
  readonly plugins: readonly Plugin[];
  /** Whether a registry that cannot be asked is a failure. */
  readonly requireDiscovery: boolean;
  readonly log: Logger;
  /** Set in a worker process. */
  readonly group?: GatewayGroup;
  /** @default 1 */
  readonly firstRevision?: number;
  /** In a worker: see `ListenTls.ticketSecret`. @default a random one */
  readonly ticketSecret?: Buffer | undefined;
  /** Called before the port opens. @default nothing to do */
  readonly beforeListening?: (gateway: Gateway) => Promise<void>;
  /** How often the files of certificates are looked at. @default 1 s */
  readonly renewalIntervalMs?: number;
}

/** A gateway that accepts connections. */
export interface OpenGateway {
  readonly gateway: Gateway;
  /** In force now. */
  readonly config: GatewayConfig;
  /** `http://H:P`, `https://H:P` or `unix:/PATH` */
  readonly url: string;
  /**
   * Puts another configuration in force, and reads certificates anew. Whether TLS is spoken at all stays as it was.
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
  const { plugins, log, group, firstRevision = 1, host, port, reusePort = false, socketMode } = options;
  let { config } = options;
  const tls = await readTlsMaterial(config.settings);
  const discovery = options.requireDiscovery ? createDiscoveryCheck() : undefined;
  const gateway = await createGateway({
    config,
    plugins: discovery === undefined ? plugins : [...plugins, discovery.plugin],
    log,
    firstRevision,
    ...(group !== undefined && { group }),
  });
  let listener: Listener;
  try {
    discovery?.assertReached();
    await options.beforeListening?.(gateway);
    const { ticketSecret = randomBytes(32) } = options;
    listener = await listen(gateway, {
      host,
      port,
      reusePort,
      socketMode,
      tls: tls && { material: tls, ticketSecret },
    });
  } catch (error) {
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    throw error;
  }
  let inForce = tls;
  const renewTls = (material: TlsMaterial): void => {
    const isNews = described(material) !== described(inForce);
    inForce = material;
    listener.renewTls(material);
    if (isNews) describeCertificates(material, log, 'certificates renewed');
  };
  const { renewalIntervalMs: intervalMs } = options;
  const renewal =
    tls && new TlsRenewal(tls, { log, renewed: renewTls, ...(intervalMs !== undefined && { intervalMs }) });
  if (tls !== undefined) describeCertificates(tls, log, 'TLS with clients');
  return {
    gateway,
    get config() {
      return config;
    },
    url: listener.url,
    async reload(next) {
      const material = await readTlsMaterial(next.settings);
      const applied = await gateway.reload(next);
      config = next;
      if ((material === undefined) !== (tls === undefined))
        log.warn({}, 'Gateway.Tls was added or removed: that takes effect at the next start');
      else if (material !== undefined) {
        renewTls(material);
        renewal?.follow(material);
      }
      return applied;
    },
    stopAccepting: () => listener.stop(),
    async close() {
      renewal?.close();
      listener.stop();
      const report = await gateway.drain();
      listener.destroy();
      return report;
    },
  };
}

/** What tells one from another, without reading the files once more. */
function described(material: TlsMaterial | undefined): string {
  return JSON.stringify([material?.settings, material?.stamp]);
}

/** Which names are served, and until when; what is over already would have every client refuse it. */
function describeCertificates({ pairs, settings }: TlsMaterial, log: Logger, message: string): void {
  const certificates = pairs.map(({ names, validTo }) => ({ names, validTo: validTo.toISOString() }));
  log.info({ certificates, http2: settings.http2, clientCertificates: settings.clientCertificates }, message);
  for (const { names, validTo } of pairs) {
    if (validTo.getTime() < Date.now())
      log.warn({ names, validTo: validTo.toISOString() }, 'this certificate has expired: clients refuse it');
  }
}
