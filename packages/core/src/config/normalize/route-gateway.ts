import type {
  BackendTls,
  CompressionLegs,
  ForwardedHeaders,
  PingLegs,
  RouteCompression,
  RouteLifetime,
  RouteLimits,
  RoutePing,
  RouteTimeouts,
  TransferMode,
} from '../../contracts/route.js';
import type { FileBackendTls, FileGlobal, FileRouteCommon } from '../file-config.js';
import { said } from '../in-use.js';
import { callLimitMs, within } from './call-limit.js';

/** What `Gateway` sections and `Timeout` say about one route, defaults applied. */
export interface RouteGatewaySettings {
  readonly timeouts: RouteTimeouts;
  readonly lifetime: RouteLifetime;
  readonly ping: RoutePing;
  readonly limits: RouteLimits;
  readonly allowedOrigins: readonly string[];
  readonly forwardedHeaders: ForwardedHeaders;
  readonly retryAttempts: number;
  readonly retryStatuses: readonly number[];
  readonly transfer: TransferMode;
  readonly compression: RouteCompression;
  readonly tcpKeepAliveMs: number;
  readonly backendTls: BackendTls;
}

const CONNECT_MS = 5000;
const HANDSHAKE_MS = 10_000;
/** Ocelot: DownstreamRoute.DefaultTimeoutSeconds. */
const ANSWER_MS = 90_000;
const CLOSE_MS = 5000;
const KEEP_ALIVE_MS = 30_000;
const RETRY_ATTEMPTS = 2;
const LIFETIME_JITTER = 0.1;
const PING_TIMEOUT_MS = 10_000;
const COMPRESSION_THRESHOLD_BYTES = 1024;
const COMPRESSION_WINDOW_BITS = 12;
/** Timers beyond 2^31 - 1 ms fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/**
 * Merges `Routes[].Gateway` over `GlobalConfiguration.Gateway`, key by key.
 *
 * For the handshake the nearer level wins, and on one level `HandshakeTimeoutMs` wins over Ocelot's `Timeout`;
 * `QoSOptions.Timeout` limits whatever comes of that.
 */
export function routeGatewaySettings(route: FileRouteCommon, shared: FileGlobal): RouteGatewaySettings {
  const own = route.Gateway ?? {};
  const common = shared.Gateway ?? {};
  const callMs = callLimitMs(route, shared);
  return {
    timeouts: {
      connectMs: within(own.ConnectTimeoutMs ?? common.ConnectTimeoutMs ?? CONNECT_MS, callMs),
      handshakeMs: handshakeMs(route, shared, callMs),
      answerMs: callMs ?? milliseconds(route.Timeout) ?? milliseconds(shared.Timeout) ?? ANSWER_MS,
      closeMs: own.CloseTimeoutMs ?? common.CloseTimeoutMs ?? CLOSE_MS,
      idleMs: own.IdleTimeoutMs ?? common.IdleTimeoutMs ?? 0,
      appIdleMs: own.AppIdleTimeoutMs ?? common.AppIdleTimeoutMs ?? 0,
    },
    lifetime: {
      maxMs: own.MaxLifetimeMs ?? common.MaxLifetimeMs ?? 0,
      jitter: own.MaxLifetimeJitter ?? common.MaxLifetimeJitter ?? LIFETIME_JITTER,
    },
    ping: {
      intervalMs: own.Ping?.IntervalMs ?? common.Ping?.IntervalMs ?? 0,
      timeoutMs: own.Ping?.TimeoutMs ?? common.Ping?.TimeoutMs ?? PING_TIMEOUT_MS,
      // The binder let only these values pass.
      legs: (own.Ping?.Legs ?? common.Ping?.Legs ?? 'both') as PingLegs,
    },
    limits: {
      maxConnections: own.MaxConnections ?? common.MaxConnections ?? 0,
      maxConnectionsPerIp: own.MaxConnectionsPerIp ?? common.MaxConnectionsPerIp ?? 0,
      maxMessageBytes: own.MaxMessageBytes ?? common.MaxMessageBytes ?? 0,
      maxFramesPerMessage: own.MaxFramesPerMessage ?? common.MaxFramesPerMessage ?? 0,
      maxFrameRate: own.MaxFrameRate ?? common.MaxFrameRate ?? 0,
    },
    allowedOrigins: texts(own.AllowedOrigins) ?? texts(common.AllowedOrigins) ?? [],
    forwardedHeaders: (own.ForwardedHeaders ?? common.ForwardedHeaders ?? 'x-forwarded') as ForwardedHeaders,
    retryAttempts: own.Retry?.Attempts ?? common.Retry?.Attempts ?? RETRY_ATTEMPTS,
    retryStatuses: own.Retry?.On ?? common.Retry?.On ?? [],
    transfer: (own.Transfer ?? common.Transfer ?? 'framed') as TransferMode,
    compression: {
      legs: (own.Compression?.Legs ?? common.Compression?.Legs ?? 'off') as CompressionLegs,
      thresholdBytes:
        own.Compression?.ThresholdBytes ?? common.Compression?.ThresholdBytes ?? COMPRESSION_THRESHOLD_BYTES,
      windowBits: own.Compression?.WindowBits ?? common.Compression?.WindowBits ?? COMPRESSION_WINDOW_BITS,
      contextTakeover: own.Compression?.ContextTakeover ?? common.Compression?.ContextTakeover ?? false,
    },
    tcpKeepAliveMs: own.TcpKeepAliveMs ?? common.TcpKeepAliveMs ?? KEEP_ALIVE_MS,
    backendTls: backendTls(own.BackendTls, common.BackendTls),
  };
}

/** A limit in `Gateway` is one for the whole way and stays beside that of one call; `Timeout` gives way to it. */
function handshakeMs(route: FileRouteCommon, shared: FileGlobal, callMs: number | undefined): number {
  const own = route.Gateway?.HandshakeTimeoutMs;
  const common = shared.Gateway?.HandshakeTimeoutMs;
  if (callMs !== undefined) return within(own ?? common ?? callMs, callMs);
  return own ?? milliseconds(route.Timeout) ?? common ?? milliseconds(shared.Timeout) ?? HANDSHAKE_MS;
}

/** Certificate and key belong together, so they come from one level. */
function backendTls(own: FileBackendTls | undefined, common: FileBackendTls | undefined): BackendTls {
  const pair = said(own?.CertFile) === undefined && said(own?.KeyFile) === undefined ? common : own;
  return {
    caFile: said(own?.CaFile) ?? said(common?.CaFile),
    certFile: said(pair?.CertFile),
    keyFile: said(pair?.KeyFile),
    serverName: said(own?.ServerName) ?? said(common?.ServerName),
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
