import { GatewayError, type RefusalHeaders } from './gateway-error.js';

/** What a copy of an error may differ in. */
export interface ErrorChanges {
  readonly headers?: RefusalHeaders;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The same refusal with other lines or details; everything else, its cause and its trace of calls too, is the error's. */
export function copyError(error: GatewayError, changes: ErrorChanges): GatewayError {
  const copy = new GatewayError(error.code, {
    status: error.status,
    source: error.source,
    message: error.message,
    headers: changes.headers ?? error.headers,
    details: changes.details ?? error.details,
    ...(error.closeCode === undefined ? {} : { closeCode: error.closeCode }),
    ...(error.body === undefined ? {} : { body: error.body }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
