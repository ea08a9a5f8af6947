import type { AuthFailure } from './auth-failure.js';

/**
 * A challenge of one scheme (RFC 9110 §11.6.1).
 * @param parameters In the order of writing; values become quoted strings.
 */
export function challenge(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${quotable(value)}"`);
  return `${scheme} ${written.join(', ')}`;
}

/** `error` and `error_description` of a Bearer challenge (RFC 6750 §3.1); nothing when there were no credentials. */
export function bearerError(failure: AuthFailure | undefined): Readonly<Record<string, string>> {
  if (failure === undefined || failure.isUnavailable) return {};
  return { error: failure.error, error_description: failure.message };
}

/** RFC 6750 §3 allows fewer characters in a description than a quoted string does: no quotes, no backslash, ASCII. */
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?');
}
