import type { ForwardedHeaders, RouteLimits, RouteTimeouts, TransferMode } from '../../contracts/route.js';
import type { FileGlobal, FileRouteCommon } from '../file-config.js';

/** What `Gateway` sections and `Timeout` say about one route, defaults applied. */
export interface RouteGatewaySettings {
  readonly timeouts: RouteTimeouts;
  readonly limits: RouteLimits;
  readonly allowedOrigins: readonly string[];
  readonly forwardedHeaders: ForwardedHeaders;
  readonly retryAttempts: number;
  readonly transfer: TransferMode;
  readonly tcpKeepAliveMs: number;
}

const CONNECT_MS = 5000;
const HANDSHAKE_MS = 10_000;
const CLOSE_MS = 5000;
const KEEP_ALIVE_MS = 30_000;
const RETRY_ATTEMPTS = 2;
/** Timers beyond 2^31 - 1 ms fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Merges `Routes[].Gateway` over `GlobalConfiguration.Gateway`, key by key.
 *
 * For the handshake the nearer level wins, and on one level `HandshakeTimeoutMs` wins over Ocelot's `Timeout`.
 */
export function routeGatewaySettings(route: FileRouteCommon, shared: FileGlobal): RouteGatewaySettings {
  const own = route.Gateway ?? {};
  const common = shared.Gateway ?? {};
  return {
    timeouts: {
      connectMs: own.ConnectTimeoutMs ?? common.ConnectTimeoutMs ?? CONNECT_MS,
      handshakeMs:
        own.HandshakeTimeoutMs ??
        milliseconds(route.Timeout) ??
        common.HandshakeTimeoutMs ??
        milliseconds(shared.Timeout) ??
        HANDSHAKE_MS,
      closeMs: own.CloseTimeoutMs ?? common.CloseTimeoutMs ?? CLOSE_MS,
      idleMs: own.IdleTimeoutMs ?? common.IdleTimeoutMs ?? 0,
    },
    limits: {
      maxConnections: own.MaxConnections ?? common.MaxConnections ?? 0,
      maxConnectionsPerIp: own.MaxConnectionsPerIp ?? common.MaxConnectionsPerIp ?? 0,
    },
    allowedOrigins: texts(own.AllowedOrigins) ?? texts(common.AllowedOrigins) ?? [],
    // The binder let only these values pass.
    forwardedHeaders: (own.ForwardedHeaders ?? common.ForwardedHeaders ?? 'x-forwarded') as ForwardedHeaders,
    retryAttempts: own.Retry?.Attempts ?? common.Retry?.Attempts ?? RETRY_ATTEMPTS,
    transfer: (own.Transfer ?? common.Transfer ?? 'framed') as TransferMode,
    tcpKeepAliveMs: own.TcpKeepAliveMs ?? common.TcpKeepAliveMs ?? KEEP_ALIVE_MS,
  };
}

/** Ocelot: zero or less counts as absent. */
function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds * 1000, LONGEST_TIMER_MS);
}

/** An empty list equals an absent one. */
function texts(list: readonly string[] | undefined): readonly string[] | undefined {
  const items = (list ?? []).map((item) => item.trim()).filter((item) => item !== '');
  return items.length === 0 ? undefined : items;
}
