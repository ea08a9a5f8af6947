import type { Route } from '../contracts/route.js';
import type { Stage } from '../contracts/stage.js';
import { GatewayError } from '../errors/gateway-error.js';
import { compileIpRules } from './ip-ranges.js';
import { compileOrigins } from './origins.js';

/** The stage behind `SecurityOptions`: IP lists, for upgrades too (Ocelot: since 25.0). undefined without lists. */
export function addressRules(route: Route): Stage | undefined {
  if (route.ipRules.allowed.length === 0 && route.ipRules.blocked.length === 0) return undefined;
  const isAllowed = compileIpRules(route.ipRules);
  return (exchange) => {
    if (isAllowed(exchange.clientAddress)) return;
    throw new GatewayError('OCELOT_ERR_FORBIDDEN', {
      message: 'The client address is not allowed.',
      details: { reason: 'SecurityOptions', address: exchange.clientAddress },
    });
  };
}

/**
 * The stage behind `Gateway.AllowedOrigins`: no drive-by use of a visitor's cookies (CSWSH). For upgrades only: browsers
 * keep scripts from reading answers of other origins by themselves (CORS), but open sockets to any. undefined without a
 * list.
 */
export function originRules(route: Route): Stage | undefined {
  const isAllowed = compileOrigins(route.allowedOrigins);
  if (isAllowed === undefined) return undefined;
  return (exchange) => {
    if (exchange.request.kind !== 'upgrade') return;
    const origin = exchange.request.header('origin');
    if (isAllowed(origin)) return;
    throw new GatewayError('OCELOT_ERR_FORBIDDEN', {
      message: 'The origin is not allowed.',
      details: { reason: 'Gateway.AllowedOrigins', origin },
    });
  };
}
