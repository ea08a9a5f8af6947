import type { Identity, Params } from '@ocelot/core';

import { refuseClaim } from './claim-refusal.js';
import { claimValues } from './claim-values.js';

/** Checks one identity; throws GatewayError FORBIDDEN. */
export type Requirement = (identity: Pick<Identity, 'claims'>, params: Params) => void;

/**
 * `AllowedScopes`: one of them has to be among the claims `scope` (Ocelot: ScopesAuthorizer). A single claim is split at
 * its blanks (RFC 8693 §4.2). An identity without `scope` is asked for `scp`, the list of Entra ID and Okta; Ocelot
 * knows only `scope`.
 * @returns undefined when every scope will do.
 */
export function scopeRequirement(allowed: readonly string[]): Requirement | undefined {
  if (allowed.length === 0) return undefined;
  const wanted = new Set(allowed);
  return (identity) => {
    const own = claimValues(identity, 'scope');
    const type = own.length > 0 ? 'scope' : 'scp';
    const values = own.length > 0 ? own : claimValues(identity, type);
    const [only, ...others] = values;
    const scopes = only !== undefined && others.length === 0 ? only.split(' ') : values;
    if (scopes.some((scope) => wanted.has(scope))) return;
    throw refuseClaim('ScopeNotAuthorized', 'scope', values.length === 0 ? 'there is none' : 'none is allowed');
  };
}

/**
 * `RouteClaimsRequirement`: all of its entries have to hold (Ocelot: ClaimsAuthorizer). One of the values of the claim
 * has to be the value that is written, or, where that is `{placeholder}`, what the request has in its place; both are
 * compared with case.
 * @param written Claims with their values.
 * @returns undefined when nothing is required.
 */
export function claimsRequirement(
  written: readonly (readonly [claim: string, value: string])[],
): Requirement | undefined {
  const checks = written.map(([type, value]) => oneRequirement(type, value));
  if (checks.length === 0) return undefined;
  return (identity, params) => {
    for (const check of checks) check(identity, params);
  };
}

/** The placeholder that the value of a requirement stands for; undefined when it is meant literally. */
export function placeholderOf(value: string): string | undefined {
  return /^\{(?<name>.+)\}$/.exec(value)?.groups?.['name'];
}

function oneRequirement(type: string, value: string): Requirement {
  const placeholder = placeholderOf(value);
  return (identity, params) => {
    const values = claimValues(identity, type);
    if (values.length === 0) throw refuseClaim('UserDoesNotHaveClaim', type, 'the identity has no such claim');
    const wanted = placeholder === undefined ? value : decodedParam(params, placeholder);
    if (wanted !== undefined && values.includes(wanted)) return;
    throw refuseClaim(
      'ClaimValueNotAuthorized',
      type,
      placeholder === undefined ? 'it has another value' : `it is not what the request names as {${placeholder}}`,
    );
  };
}

/**
 * What a placeholder stands for in a request, decoded once, as the backend will decode it. What is empty or cannot be
 * decoded is nobody's claim.
 */
function decodedParam(params: Params, name: string): string | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    // Not UTF-8: no claim is such a text.
    return undefined;
  }
}
