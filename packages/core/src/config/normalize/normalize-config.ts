import type { ConfigIssue } from '../../errors/config-error.js';
import { formatPlace } from '../config-node.js';
import type { BoundConfig } from '../bind/bind-config.js';
import type { FileConfig, FileGlobal } from '../file-config.js';
import type { DiscoverySettings, GatewayConfig, GatewaySettings } from '../gateway-config.js';
import { isInUse, said } from '../in-use.js';
import { deepFreeze } from './deep-freeze.js';
import { normalizeDynamic } from './normalize-dynamic.js';
import { normalizeRoute } from './normalize-route.js';
import { RouteIds } from './route-ids.js';
import { tlsSettings } from './tls-settings.js';

/** Ocelot's default. */
const DEFAULT_PROVIDER = 'Consul';
/** What `{BaseUrl}` is unless the file says (Ocelot: BaseUrlFinder.cs). */
export const DEFAULT_BASE_URL = 'http://localhost:5000';

/** Makes the {@link GatewayConfig} of a file that was found valid. */
export function normalizeConfig(bound: BoundConfig, warnings: readonly ConfigIssue[]): GatewayConfig {
  const { file, locations } = bound;
  const shared = file.GlobalConfiguration ?? {};
  const context = { shared, locations, ids: new RouteIds() };
  const routes = (file.Routes ?? []).map((route) => normalizeRoute(route, context));
  return deepFreeze({
    routes,
    dynamic: normalizeDynamic(file, context),
    discovery: discoverySettings(bound),
    settings: gatewaySettings(shared),
    global: shared,
    warnings: [...warnings],
  });
}

/**
 * The registry of the file: when its section says anything, or when a route names a service, which without a section
 * is looked up in Consul's own place (Ocelot's defaults).
 */
function discoverySettings({ file, locations }: BoundConfig): DiscoverySettings | undefined {
  const section = file.GlobalConfiguration?.ServiceDiscoveryProvider;
  if (!isInUse(section) && !needsDiscovery(file)) return undefined;
  return {
    type: said(section?.Type) ?? DEFAULT_PROVIDER,
    options: section ?? {},
    location: formatPlace(section === undefined ? locations.of(file) : locations.of(section)),
  };
}

function needsDiscovery(file: FileConfig): boolean {
  return (file.Routes ?? []).some((route) => said(route.ServiceName) !== undefined);
}

function gatewaySettings(shared: FileGlobal): GatewaySettings {
  const gateway = shared.Gateway ?? {};
  return {
    trustedProxies: (gateway.TrustedProxies ?? []).map((entry) => entry.trim()).filter((entry) => entry !== ''),
    drain: {
      deadlineMs: gateway.Drain?.DeadlineMs ?? 30_000,
      spreadMs: gateway.Drain?.SpreadMs ?? 10_000,
      closeCode: gateway.Drain?.CloseCode ?? 1012,
    },
    listener: {
      maxPendingHandshakes: gateway.MaxPendingHandshakes ?? 4096,
      maxConnectionsTotal: gateway.MaxConnectionsTotal ?? 0,
      maxHeaderBytes: gateway.MaxHeaderBytes ?? 65_536,
      headersTimeoutMs: gateway.HeadersTimeoutMs ?? 10_000,
      proxyProtocol: gateway.ProxyProtocol ?? false,
    },
    tls: tlsSettings(gateway.Tls, gateway.Http2 ?? true),
    baseUrl: said(shared.BaseUrl) ?? DEFAULT_BASE_URL,
    closeOnRouteRemoval: gateway.CloseOnRouteRemoval ?? false,
    ocelotStatusCodes: gateway.OcelotStatusCodes ?? false,
  };
}
