import { type Exchange, TRACE_ID } from '@ocelot/core';

/** Ids of an exchange that others know it by. */
export interface FurtherIds {
  /** Under `RequestIdKey`. */
  readonly requestId?: string;
  readonly traceId?: string;
}

/**
 * What the last line about an exchange carries beside its own id, as the lines of {@link Exchange.log} do: for relays,
 * which write that line by the gateway's logger.
 * @returns nothing on routes without `RequestIdKey` and traces.
 */
export function furtherIds(exchange: Pick<Exchange, 'get' | 'requestId' | 'route'>): FurtherIds {
  const traceId = exchange.get(TRACE_ID);
  return {
    ...(exchange.route.options.requestIdKey !== undefined && { requestId: exchange.requestId }),
    ...(traceId !== undefined && { traceId }),
  };
}
