import { isInUse } from '../in-use.js';
import type { FileRule } from './rule.js';

/** A PROXY header is the word of whoever connects: without a list, any client names any address. */
export const proxyProtocol: FileRule = (context) => {
  const gateway = context.shared.Gateway;
  if (gateway?.ProxyProtocol !== true || isInUse(gateway.TrustedProxies)) return;
  context.warn({
    kind: 'ProxyProtocolOfAnyone',
    at: gateway,
    key: 'ProxyProtocol',
    message: 'ProxyProtocol believes whoever connects: a client that reaches the gateway directly names any address.',
    hint: 'List the load balancers in TrustedProxies: only they may connect then.',
  });
};
