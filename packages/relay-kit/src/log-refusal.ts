import type { Endpoint, GatewayError, Logger } from '@ocelot/core';

import { endpointName } from './backend-address.js';

/** What is logged where nothing was answered, because nobody is there to read it (nginx's code). */
const CLIENT_CLOSED_REQUEST = 499;

/** What the line of a refusal says beside the exchange and its route, which its logger knows. */
export interface RefusalLine {
  readonly error: GatewayError;
  /** What was answered; 0: nothing. */
  readonly status: number;
  /** Undefined when none was leased. */
  readonly endpoint: Endpoint | undefined;
  /** Set where a Close frame took the place of the answer. */
  readonly closeCode?: number | undefined;
}

/**
 * Writes the one line of what the gateway itself refused: an error of ours as error, a fault of the client as info, any
 * other as warning. Nothing of the request stands in it: its query and headers may hold credentials.
 * @param message `request refused`, `upgrade refused`.
 */
export function logRefusal(log: Logger, message: string, { error, status, endpoint, closeCode }: RefusalLine): void {
  const { exchangeId: _exchange, routeId: _route, ...details } = error.details;
  const { cause } = error;
  const unanswered = closeCode === undefined ? CLIENT_CLOSED_REQUEST : undefined;
  const fields = {
    ...details,
    status: status === 0 ? unanswered : status,
    ...(closeCode === undefined ? {} : { closeCode }),
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
