import type { GatewayRequest } from '../contracts/request.js';
import { GatewayError } from './gateway-error.js';

/**
 * A refusal of a request that breaks HTTP itself, under the name of what it wanted to be: UPGRADE_INVALID for a
 * WebSocket handshake, REQUEST_INVALID for any other request. 400 both.
 * @param message The client sees it.
 * @param details For the log.
 */
export function requestFault(
  kind: GatewayRequest['kind'],
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): GatewayError {
  const code = kind === 'upgrade' ? 'OCELOT_ERR_UPGRADE_INVALID' : 'OCELOT_ERR_REQUEST_INVALID';
  return new GatewayError(code, { message, details });
}
