import type { GatewayError } from '@ocelot/core';

import { UnaskedContinue } from './call-failure.js';

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/**
 * Whether a request whose body is still whole may be sent once more: always when no connection came about, otherwise
 * only when the connection was lost before an answer, or given up for a `100 Continue`, and the method is idempotent
 * (RFC 9110 §9.2.2).
 */
export function mayRepeat(failure: GatewayError, isStarted: boolean, method: string): boolean {
  if (failure.source !== 'backend') return false;
  const isLost = failure.code === 'OCELOT_ERR_BACKEND_LOST' || failure.cause instanceof UnaskedContinue;
  return !isStarted || (isLost && IDEMPOTENT.has(method));
}

/** Whether a method only reads (RFC 9110 §9.3.1, §9.3.2). */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
