import { type Endpoint, type GatewayRequest, type Route, unixSocketPath, usesTls } from '@ocelot/core';

/**
 * Scheme and authority of each backend of a route: `ws://10.0.0.1:80`, or `ws://{chat}` for the instances of a service,
 * which only its registry knows.
 * @param request Whose scheme is wanted: `ws` or `wss` for an upgrade, `http` or `https` for any other. Undefined: as
 *   the route is written, `http(s)` for one that speaks as its client does.
 */
export function addressesOf(route: Route, request?: GatewayRequest): readonly string[] {
  const { source, scheme } = route;
  const written = scheme ?? 'http(s)';
  if (source.kind === 'static') {
    return source.endpoints.map((endpoint) => {
      const shown = request === undefined ? written : spokenScheme(route, endpoint, request);
      return `${shown}://${authorityOf(endpoint)}`;
    });
  }
  const { name, namespace } = source.service;
  const shown = request === undefined ? written : spokenScheme(route, {}, request);
  return [`${shown}://{${namespace === '' ? '' : `${namespace}.`}${name}}`];
}

function spokenScheme(route: Route, endpoint: Pick<Endpoint, 'scheme'>, request: GatewayRequest): string {
  return `${request.kind === 'upgrade' ? 'ws' : 'http'}${usesTls(route, endpoint, request) ? 's' : ''}`;
}

function authorityOf(endpoint: Endpoint): string {
  // As nginx writes it: the second colon ends the path of the socket.
  if (unixSocketPath(endpoint) !== undefined) return `${endpoint.host}:`;
  const { host, port } = endpoint;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
