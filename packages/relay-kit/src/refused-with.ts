import { GatewayError } from '@ocelot/core';

/**
 * What failed where a backend answered, with a status after which the route wants another endpoint
 * (`Route.retryStatuses`): for {@link Admission.nextLease}. No client sees it; its answer is passed on where it is the
 * last.
 */
export function refusedWith(status: number): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', { status, message: `The backend answers ${status}.` });
}
