import type { GatewayRequest } from '../contracts/request.js';

/** Visible ASCII, not too long for a log line: what comes from a client is written down and sent on. */
const FIT = /^[\x21-\x7e]{1,128}$/;

/**
 * What a request is called beyond this gateway (Ocelot: RequestIdMiddleware): the client's header of that name when it
 * holds one fit value, else the gateway's own id. Several lines of the name are no fit value.
 * @param key `RequestIdKey`; undefined: none is configured, and clients are not asked.
 */
export function requestIdOf(request: GatewayRequest, key: string | undefined, ownId: string): string {
  if (key === undefined) return ownId;
  const given = request.header(key);
  return given !== undefined && FIT.test(given) ? given : ownId;
}
