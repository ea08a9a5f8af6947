import { compileTrustedPeers, type GatewayConfig, type GatewayRequest } from '@ocelot/core';

import type { RouteSettings } from './settings/telemetry-settings.js';

/** Decides whose trace is continued (`Gateway.Telemetry.TrustParent`). */
export function trustedParents({
  settings,
}: GatewayConfig): (request: GatewayRequest, settings: RouteSettings) => boolean {
  const isProxy = compileTrustedPeers(settings.trustedProxies);
  return (request, { trustParent }) =>
    trustParent === 'always' || (trustParent === 'proxies' && isProxy(request.client.address));
}
