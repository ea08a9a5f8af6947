import type { GatewayError, GatewayEvent, Logger } from '@ocelot/core';
import { endpointName, type FurtherIds } from '@ocelot/relay-kit';

/** What is known at the end of a request that a backend answered. */
export type FinishedRequest = Omit<Extract<GatewayEvent, { type: 'request.finished' }>, 'type' | 'errorCode'>;

/**
 * The one line of a request that was answered, written at its end. Clients that leave are no errors: they are told at
 * info. `log` is the gateway's: a logger of its own for one line would cost more than the line.
 * @param ids of the exchange, beside its own.
 * @param error Why the answer broke off.
 */
export function logFinished(
  log: Logger,
  ids: FurtherIds,
  method: string,
  finished: FinishedRequest,
  error: GatewayError | undefined,
): void {
  const fields = {
    exchange: finished.exchangeId,
    route: finished.routeId,
    ...ids,
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
