import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions';
import { type Endpoint, ERROR_CATALOGUE, type ErrorCode, type GatewayRequest } from '@ocelot/core';

import { methodLabel } from '../metrics/closed-sets.js';
import type { RouteView } from '../observation.js';

/** Longer texts of clients are cut: a span is no place for them. */
const MAX_TEXT = 256;

/** Ends of a connection that were meant to be: no error of a span, though they have a code. */
const PLANNED: ReadonlySet<string> = new Set<ErrorCode>([
  'OCELOT_ERR_DRAINING',
  'OCELOT_ERR_IDLE_TIMEOUT',
  'OCELOT_ERR_LIFETIME_OVER',
  'OCELOT_ERR_TOKEN_EXPIRED',
  'OCELOT_ERR_TOKEN_REVOKED',
]);

/** `{method} {route}`, as the HTTP conventions name server spans; never the path. */
export function spanName(request: GatewayRequest, template: string | undefined): string {
  const method = methodLabel(request.method);
  const name = method === '_OTHER' ? 'HTTP' : method;
  return template === undefined ? name : `${name} ${template}`;
}

/** What is known at the begin of a server span. Never the query, which is where tokens are. */
export function requestAttributes(
  request: GatewayRequest,
  view: RouteView,
  ids: { readonly exchangeId: string; readonly clientAddress: string },
): Attributes {
  const method = methodLabel(request.method);
  const hasRoute = view.template !== '';
  return {
    [ATTR_HTTP_REQUEST_METHOD]: method,
    ...(method === '_OTHER' && { [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: request.method.slice(0, 32) }),
    ...(hasRoute && { [ATTR_HTTP_ROUTE]: view.template, 'ocelot.route': view.label }),
    [ATTR_URL_SCHEME]: request.client.tls ? 'https' : 'http',
    ...urlPath(request, view),
    ...(request.host !== '' && { [ATTR_SERVER_ADDRESS]: request.host.slice(0, MAX_TEXT) }),
    ...portOf(request.authority),
    [ATTR_NETWORK_PROTOCOL_NAME]: request.kind === 'upgrade' ? 'websocket' : 'http',
    ...(view.settings.hasClientAddress && ids.clientAddress !== '' && { [ATTR_CLIENT_ADDRESS]: ids.clientAddress }),
    'ocelot.exchange': ids.exchangeId,
  };
}

/** What a client span knows of its endpoint. */
export function endpointAttributes({ host, port }: Endpoint): Attributes {
  return { [ATTR_SERVER_ADDRESS]: host, ...(port !== 0 && { [ATTR_SERVER_PORT]: port }) };
}

/** Whether an end counts as an error of the server's: what clients did, and what was planned, does not. */
export function isFault(code: string): boolean {
  if (PLANNED.has(code)) return false;
  return !Object.hasOwn(ERROR_CATALOGUE, code) || ERROR_CATALOGUE[code as ErrorCode].source !== 'client';
}

function urlPath(request: GatewayRequest, view: RouteView): Attributes {
  if (view.settings.hasUrlPath) return { [ATTR_URL_PATH]: request.path.slice(0, MAX_TEXT) };
  return view.template === '' ? {} : { [ATTR_URL_PATH]: view.template };
}

function portOf(authority: string): Attributes {
  const [, digits] = /:(\d{1,5})$/.exec(authority) ?? [];
  return digits === undefined ? {} : { [ATTR_SERVER_PORT]: Number(digits) };
}
