import type { AttemptEnd } from '@ocelot/core';

/** What the end of an attempt says about the endpoint: `nothing` when it was the client who left. */
export type AttemptVerdict = 'success' | 'failure' | 'nothing';

/** Ocelot: a status of 500 to 508 is a failure, any other a success. */
const FIRST_FAILURE = 500;
const LAST_FAILURE = 508;

/**
 * Judges an attempt as Ocelot's built-in breaker does: no connection, no answer in time, an answer that is not valid
 * (also a wrong 101) and the statuses 500 to 508 are failures; a 101 and every other status are successes; a client
 * that leaves is neither.
 */
export function verdictOf(end: Pick<AttemptEnd, 'outcome' | 'status' | 'error'>): AttemptVerdict {
  if (end.outcome === 'failed') return 'failure';
  // Given up because the backend took the whole time of the handshake: that is the backend's doing.
  if (end.outcome === 'cancelled') return end.error?.code === 'OCELOT_ERR_BACKEND_TIMEOUT' ? 'failure' : 'nothing';
  const { status } = end;
  return status !== undefined && status >= FIRST_FAILURE && status <= LAST_FAILURE ? 'failure' : 'success';
}
