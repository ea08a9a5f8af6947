import type { Route } from '@ocelot/core';

/**
 * Scheme and authority of each backend of a route: `ws://10.0.0.1:80`, or `ws://{chat}` for the instances of a service,
 * which only its registry knows. `http(s)` stands for a route that speaks as its client does.
 */
export function addressesOf({ source, scheme }: Route): readonly string[] {
  const shown = scheme ?? 'http(s)';
  if (source.kind === 'discovered') {
    const { name, namespace } = source.service;
    return [`${shown}://{${namespace === '' ? '' : `${namespace}.`}${name}}`];
  }
  return source.endpoints.map(({ host, port }) => `${shown}://${host.includes(':') ? `[${host}]` : host}:${port}`);
}
