import { refuseClaim } from './claim-refusal.js';

/**
 * A claim as the value of a placeholder in the path for the backend: one segment, percent-encoded.
 * @throws GatewayError FORBIDDEN when it is empty, or could be read as a step out of the path (`..`, also behind an
 *   encoded slash, which some backends decode before they look).
 */
export function pathValue(text: string, claim: string): string {
  const climbs = text.split(/[/\\]/).some((segment) => segment === '.' || segment === '..');
  if (text === '' || climbs || /[\x00-\x1f\x7f]|\p{Surrogate}/u.test(text)) {
    throw refuseClaim('ClaimValueInvalid', claim, 'it cannot be a segment of a path');
  }
  return encodeURIComponent(text);
}
