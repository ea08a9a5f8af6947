import type { JsonObject } from '../contracts/json.js';

// The file after binding: keys in Ocelot's own spelling, old names translated, texts converted, nulls left out.
// Every key is optional; the schema (schema/*.ts) says what each means.

/** The whole file. */
export interface FileConfig extends JsonObject {
  readonly Routes?: readonly FileRoute[];
  readonly DynamicRoutes?: readonly FileDynamicRoute[];
  readonly Aggregates?: readonly FileAggregate[];
  readonly GlobalConfiguration?: FileGlobal;
}

/** Keys that static and dynamic routes share. */
export interface FileRouteCommon extends JsonObject {
  readonly ServiceName?: string;
  readonly ServiceNamespace?: string;
  readonly Key?: string;
  readonly DownstreamScheme?: string;
  readonly DownstreamHttpVersion?: string;
  readonly DownstreamHttpVersionPolicy?: string;
  readonly AuthenticationOptions?: FileAuthentication;
  readonly LoadBalancerOptions?: FileLoadBalancer;
  readonly HttpHandlerOptions?: FileHttpHandler;
  readonly QoSOptions?: FileQos;
  readonly RateLimitOptions?: FileRateLimit;
  readonly Timeout?: number;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly Gateway?: FileRouteGateway;
}

/** `Routes[]`. */
export interface FileRoute extends FileRouteCommon {
  readonly UpstreamPathTemplate?: string;
  readonly UpstreamHttpMethod?: readonly string[];
  readonly UpstreamHost?: string;
  readonly UpstreamHeaderTemplates?: Readonly<Record<string, string>>;
  readonly RouteIsCaseSensitive?: boolean;
  readonly Priority?: number;
  readonly DownstreamPathTemplate?: string;
  readonly DownstreamHostAndPorts?: readonly FileHostAndPort[];
  readonly DangerousAcceptAnyServerCertificateValidator?: boolean;
  readonly SecurityOptions?: FileSecurity;
  readonly RouteClaimsRequirement?: Readonly<Record<string, string>>;
  readonly ChangeDownstreamPathTemplate?: Readonly<Record<string, string>>;
  readonly RequestIdKey?: string;
  readonly UpstreamHeaderTransform?: Readonly<Record<string, string>>;
  readonly DownstreamHeaderTransform?: Readonly<Record<string, string>>;
  readonly DownstreamHttpMethod?: string;
}

/** `DynamicRoutes[]`. */
export type FileDynamicRoute = FileRouteCommon;

/** `Aggregates[]`. */
export interface FileAggregate extends JsonObject {
  readonly RouteKeys?: readonly string[];
  readonly UpstreamPathTemplate?: string;
  readonly UpstreamHost?: string;
}

/** `GlobalConfiguration`. */
export interface FileGlobal extends JsonObject {
  readonly BaseUrl?: string;
  readonly RequestIdKey?: string;
  readonly DownstreamHttpVersion?: string;
  readonly DownstreamHttpVersionPolicy?: string;
  readonly HttpHandlerOptions?: FileHttpHandler & Grouped;
  readonly UpstreamHeaderTransform?: Readonly<Record<string, string>>;
  readonly DownstreamHeaderTransform?: Readonly<Record<string, string>>;
  readonly ServiceDiscoveryProvider?: FileServiceDiscovery;
  readonly LoadBalancerOptions?: FileLoadBalancer & Grouped;
  readonly AuthenticationOptions?: FileAuthentication & Grouped;
  readonly QoSOptions?: FileQos & Grouped;
  readonly RateLimitOptions?: FileRateLimit & Grouped;
  readonly SecurityOptions?: FileSecurity;
  readonly DownstreamScheme?: string;
  readonly Timeout?: number;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly Gateway?: FileGlobalGateway;
}

/** Global options for a group of routes. */
export interface Grouped extends JsonObject {
  readonly RouteKeys?: readonly string[];
}

/** `DownstreamHostAndPorts[]`. */
export interface FileHostAndPort extends JsonObject {
  readonly Host?: string;
  readonly Port?: number;
}

/** `LoadBalancerOptions`. */
interface FileLoadBalancer extends JsonObject {
  readonly Type?: string;
}

/** `AuthenticationOptions`. */
export interface FileAuthentication extends JsonObject {
  readonly AllowAnonymous?: boolean;
  readonly AllowedScopes?: readonly string[];
  readonly AuthenticationProviderKeys?: readonly string[];
  readonly AuthenticationProviderKey?: string;
}

/** `HttpHandlerOptions`. */
export interface FileHttpHandler extends JsonObject {
  readonly AllowAutoRedirect?: boolean;
  readonly MaxConnectionsPerServer?: number;
  readonly PooledConnectionLifetimeSeconds?: number;
  readonly UseCookieContainer?: boolean;
  readonly UseProxy?: boolean;
  readonly UseTracing?: boolean;
}

/** `QoSOptions`. */
export interface FileQos extends JsonObject {
  readonly MinimumThroughput?: number;
  readonly FailureRatio?: number;
  readonly Timeout?: number;
}

/** `RateLimitOptions`. */
export interface FileRateLimit extends JsonObject {
  readonly EnableRateLimiting?: boolean;
  readonly Limit?: number;
  readonly Period?: string;
}

/** `SecurityOptions`. */
export interface FileSecurity extends JsonObject {
  readonly IPAllowedList?: readonly string[];
  readonly IPBlockedList?: readonly string[];
  readonly ExcludeAllowedFromBlocked?: boolean;
}

/** `ServiceDiscoveryProvider`. */
interface FileServiceDiscovery extends JsonObject {
  readonly Host?: string;
  readonly Port?: number;
  readonly Type?: string;
}

/** `Routes[].Gateway`. */
export interface FileRouteGateway extends JsonObject {
  readonly Transfer?: string;
  readonly ConnectTimeoutMs?: number;
  readonly HandshakeTimeoutMs?: number;
  readonly CloseTimeoutMs?: number;
  readonly IdleTimeoutMs?: number;
  readonly AppIdleTimeoutMs?: number;
  readonly MaxLifetimeMs?: number;
  readonly MaxLifetimeJitter?: number;
  readonly Ping?: { readonly IntervalMs?: number; readonly TimeoutMs?: number; readonly Legs?: string };
  readonly MaxMessageBytes?: number;
  readonly MaxFramesPerMessage?: number;
  readonly MaxFrameRate?: number;
  readonly MaxConnections?: number;
  readonly MaxConnectionsPerIp?: number;
  readonly AllowedOrigins?: readonly string[];
  readonly ForwardedHeaders?: string;
  readonly BackendTls?: FileBackendTls;
  readonly MaxRequestBodyBytes?: number;
  readonly TcpKeepAliveMs?: number;
  readonly Compression?: {
    readonly Legs?: string;
    readonly ThresholdBytes?: number;
    readonly WindowBits?: number;
    readonly ContextTakeover?: boolean;
  };
  readonly Retry?: { readonly Attempts?: number; readonly On?: readonly number[] };
}

/** `Gateway.BackendTls`. */
export interface FileBackendTls extends JsonObject {
  readonly CaFile?: string;
  readonly CertFile?: string;
  readonly KeyFile?: string;
  readonly ServerName?: string;
}

/** `Gateway.Tls`. */
export interface FileTls extends JsonObject {
  readonly CertFile?: string;
  readonly KeyFile?: string;
  readonly Certificates?: readonly FileCertificate[];
  readonly CaFile?: string;
  readonly RequestClientCert?: boolean;
  readonly RequireClientCert?: boolean;
  readonly MinVersion?: string;
}

/** `Gateway.Tls.Certificates[]`. */
export interface FileCertificate extends JsonObject {
  readonly CertFile?: string;
  readonly KeyFile?: string;
}

/** `GlobalConfiguration.Gateway`. */
interface FileGlobalGateway extends FileRouteGateway {
  readonly TrustedProxies?: readonly string[];
  readonly MaxPendingHandshakes?: number;
  readonly MaxConnectionsTotal?: number;
  readonly MaxHeaderBytes?: number;
  readonly HeadersTimeoutMs?: number;
  readonly Drain?: { readonly DeadlineMs?: number; readonly SpreadMs?: number; readonly CloseCode?: number };
  readonly CloseOnRouteRemoval?: boolean;
  readonly OcelotStatusCodes?: boolean;
  readonly Tls?: FileTls;
  readonly Http2?: boolean;
  readonly ProxyProtocol?: boolean;
}
