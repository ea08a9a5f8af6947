import type { JsonObject } from '../contracts/json.js';
import type { Route } from '../contracts/route.js';
import type { ConfigIssue } from '../errors/config-error.js';

/** Defaults of {@link Gateway.drain}, in milliseconds. */
export interface DrainDefaults {
  readonly deadlineMs: number;
  readonly spreadMs: number;
  readonly closeCode: number;
}

/** The registry that discovered services are watched in (`GlobalConfiguration.ServiceDiscoveryProvider`). */
export interface DiscoverySettings {
  /** Name of a registered provider, compared without case. */
  readonly type: string;
  /** The section as written, for the provider's factory. */
  readonly options: JsonObject;
  /** Where it stands, for messages. */
  readonly location: string;
}

/**
 * Routing without routes: the first path segment names the service (`/service/rest`, `/namespace.service/rest`).
 * In force when the file has no static route and names a registry with a port.
 */
export interface DynamicRouting {
  /**
   * A route for services without an entry of their own; `source` is replaced by the service of the request.
   */
  readonly fallback: Route;
  /** `DynamicRoutes[]`, by exact service name and namespace. */
  readonly entries: readonly Route[];
}

/** What clients may take of a process before their sockets are open; for whoever owns its listeners. */
export interface ListenerSettings {
  /** Most connections that are not an open session yet; 0: no limit. */
  readonly maxPendingHandshakes: number;
  /** Most connections of clients at all; 0: no limit. */
  readonly maxConnectionsTotal: number;
  /** Largest head of a request, in bytes. */
  readonly maxHeaderBytes: number;
  /** From the connect to the end of the head, in milliseconds. */
  readonly headersTimeoutMs: number;
  /**
   * Whether connections begin with a PROXY protocol header, version 1 or 2; then only peers in `TrustedProxies` may
   * connect, if any are listed.
   */
  readonly proxyProtocol: boolean;
}

/** A certificate of the gateway, as paths of PEM files. */
export interface CertificateFiles {
  /** Certificate chain, the gateway's own first. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** How clients may, or must, show a certificate. */
export type ClientCertificates = 'off' | 'optional' | 'required';

/** TLS towards clients; for whoever owns the listeners. */
export interface TlsSettings {
  /** The first is for clients that ask for no name, or for one that no certificate holds; at least one. */
  readonly certificates: readonly CertificateFiles[];
  /** Authorities that client certificates are checked against; undefined: the system's. */
  readonly caFile: string | undefined;
  readonly clientCertificates: ClientCertificates;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Offer HTTP/2 (ALPN `h2`) beside HTTP/1.1. */
  readonly http2: boolean;
}

/** Settings of the whole process (`GlobalConfiguration.Gateway`). */
export interface GatewaySettings {
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-*`/`Forwarded` are believed. */
  readonly trustedProxies: readonly string[];
  readonly drain: DrainDefaults;
  readonly listener: ListenerSettings;
  /** Undefined: clients speak plain text. Read when the gateway starts; its files are read again when they change. */
  readonly tls: TlsSettings | undefined;
  /** Public address of the gateway (`GlobalConfiguration.BaseUrl`) as written, for `{BaseUrl}`. */
  readonly baseUrl: string;
  /** End the sessions of a route that a reload removes. */
  readonly closeOnRouteRemoval: boolean;
  /** Answer with Ocelot's status codes where ours differ (404 for NO_ENDPOINT, 503 for BACKEND_TIMEOUT). */
  readonly ocelotStatusCodes: boolean;
}

/**
 * A whole configuration, read, merged, checked and resolved: what {@link createGateway} and {@link Gateway.reload}
 * take. Frozen. Made by {@link readConfiguration}; not meant to be written by hand.
 */
export interface GatewayConfig {
  /** In file order. */
  readonly routes: readonly Route[];
  readonly dynamic: DynamicRouting | undefined;
  readonly discovery: DiscoverySettings | undefined;
  readonly settings: GatewaySettings;
  /** `GlobalConfiguration` as written, keys in Ocelot's own spelling; a plugin reads its own keys here. */
  readonly global: JsonObject;
  /** What was noticed and passes: unknown keys, old names, keys not supported yet. */
  readonly warnings: readonly ConfigIssue[];
}
