import type { Endpoint, GatewayError, Logger } from '@ocelot/core';

import { endpointName } from './backend-address.js';

/** What is logged where nothing was answered, because nobody is there to read it (nginx's code). */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Writes the one line of what the gateway itself refused: an error of ours as error, a fault of the client as info, any
 * other as warning.
 * @param log says which exchange and route.
 * @param message `request refused`, `upgrade refused`.
 * @param status what was answered; 0: nothing.
 * @param endpoint undefined when none was leased.
 */
export function logRefusal(
  log: Logger,
  message: string,
  error: GatewayError,
  status: number,
  endpoint: Endpoint | undefined,
): void {
  const { exchangeId: _exchange, routeId: _route, ...details } = error.details;
  const { cause } = error;
  const fields = {
    ...details,
    status: status === 0 ? CLIENT_CLOSED_REQUEST : status,
    code: error.code,
    blame: error.source,
    endpoint: endpoint === undefined ? undefined : endpointName(endpoint),
    message: error.message,
    cause: cause instanceof Error ? cause.message : cause,
  };
  if (error.code === 'OCELOT_ERR_STAGE_FAILED') log.error({ ...fields, err: cause }, message);
  else if (error.source === 'client') log.info(fields, message);
  else log.warn(fields, message);
}
