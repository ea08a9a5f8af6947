import { GatewayError } from '@ocelot/core';

/**
 * Why somebody who is known may not go on, in Ocelot's words: `UserDoesNotHaveClaim`, `ClaimValueNotAuthorized`,
 * `ScopeNotAuthorized` and `CannotFindClaim` are names of its OcelotErrorCode.
 */
export type ClaimRefusalReason =
  | 'UserDoesNotHaveClaim'
  | 'ClaimValueNotAuthorized'
  | 'ScopeNotAuthorized'
  | 'CannotFindClaim'
  | 'ClaimValueInvalid';

/** A 403 whose reason and claim are for the log; the client learns only that it is not allowed. */
export function refuseClaim(reason: ClaimRefusalReason, claim: string, explanation: string): GatewayError {
  return new GatewayError('OCELOT_ERR_FORBIDDEN', { details: { reason, claim, explanation } });
}
