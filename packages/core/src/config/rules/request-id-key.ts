import { isRelayHeader } from '../../pipeline/relay-headers.js';
import { isToken } from '../is-token.js';
import type { FileGlobal, FileRoute } from '../file-config.js';
import { requestIdKey } from '../normalize/request-id-key.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

/** The header of request ids can be written (RFC 9110 §5.1), and is not one that relays write for each hop. */
export const routeRequestIdKey: RouteRule = (route, context) => {
  requireHeader(route, context);
};

/** The same for the global one. */
export const globalRequestIdKey: FileRule = (context) => {
  requireHeader(context.shared, context);
};

function requireHeader(at: FileRoute | FileGlobal, context: RuleContext): void {
  const key = requestIdKey(at.RequestIdKey);
  if (key === undefined || (isToken(key) && !isRelayHeader(key))) return;
  context.error({
    kind: 'InvalidHeaderName',
    at,
    key: 'RequestIdKey',
    message: `${JSON.stringify(key)} cannot be the header of request ids.`,
    hint: 'Write the name of an ordinary header, such as "X-Request-Id".',
  });
}
