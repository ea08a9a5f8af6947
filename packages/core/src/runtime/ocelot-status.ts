import type { GatewayError } from '../errors/gateway-error.js';

/**
 * The status that Ocelot answers where ours differs on purpose, for `Gateway.OcelotStatusCodes`
 * (Ocelot: ErrorsToHttpStatusCodeMapper.cs; no services → 404, a late backend → 503).
 */
export function ocelotStatus(error: GatewayError): number {
  if (error.code === 'OCELOT_ERR_NO_ENDPOINT') return 404;
  if (error.code === 'OCELOT_ERR_BACKEND_TIMEOUT') return 503;
  return error.status;
}
