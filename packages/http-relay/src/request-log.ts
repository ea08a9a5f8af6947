import type { Endpoint, GatewayError, GatewayEvent, Logger } from '@ocelot/core';
import { endpointName } from '@ocelot/relay-kit';

/** Status under which a client that left before its answer is logged, as nginx does. */
const CLIENT_CLOSED_REQUEST = 499;

/** What is known at the end of a request that a backend answered. */
export type FinishedRequest = Omit<Extract<GatewayEvent, { type: 'request.finished' }>, 'type' | 'errorCode'>;

/**
 * The one line of a request that was answered, written at its end. Clients that leave are no errors: they are told at
 * info. `log` is the gateway's: a logger of its own for one line would cost more than the line.
 * @param error Why the answer broke off.
 */
export function logFinished(
  log: Logger,
  method: string,
  finished: FinishedRequest,
  error: GatewayError | undefined,
): void {
  const fields = {
    exchange: finished.exchangeId,
    route: finished.routeId,
    endpoint: endpointName(finished.endpoint),
    method,
    status: finished.status,
    durationMs: Math.round(finished.durationMs),
    bytesFromClient: finished.fromClientBytes,
    bytesFromBackend: finished.fromBackendBytes,
    code: error?.code,
    reason: error?.details['reason'],
  };
  if (error?.source === 'backend') log.warn(fields, 'request broke off');
  else if (error !== undefined) log.info(fields, 'request broke off');
  else log.info(fields, 'request finished');
}

/** The one line of a request that the gateway itself answered; `log` says which exchange and route. */
export function logRefused(log: Logger, error: GatewayError, status: number, endpoint: Endpoint | undefined): void {
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
  if (error.code === 'OCELOT_ERR_STAGE_FAILED') log.error({ ...fields, err: cause }, 'request refused');
  else if (error.source === 'client') log.info(fields, 'request refused');
  else log.warn(fields, 'request refused');
}
