import { createGatewayRequest, readConfiguration, type Route } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { addressesOf } from '../src/route-addresses.js';

function routeTo(scheme: string | undefined, Host: string): Route {
  const [route] = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/',
        DownstreamScheme: scheme,
        DownstreamHostAndPorts: [{ Host, Port: 81 }],
      },
    ],
  }).routes;
  if (route === undefined) throw new Error('the file has no route');
  return route;
}

const plain = (tls: boolean) =>
  createGatewayRequest({
    kind: 'http',
    method: 'GET',
    target: '/',
    rawHeaders: [],
    client: { address: '', port: 0, tls },
  });

describe('addressesOf', () => {
  it.each([
    ['ws', 'a', 'ws://a:81', 'http://a:81'],
    ['wss', '::1', 'wss://[::1]:81', 'https://[::1]:81'],
    [undefined, 'a', 'http(s)://a:81', 'http://a:81'],
    ['http', 'unix:/run/app.sock', 'http://unix:/run/app.sock:', 'http://unix:/run/app.sock:'],
  ])('writes %s to %s as %s, for a plain request as %s', (scheme, host, written, spoken) => {
    const route = routeTo(scheme, host);
    expect(addressesOf(route)).toEqual([written]);
    expect(addressesOf(route, plain(false))).toEqual([spoken]);
  });

  it('speaks TLS to the backend of a route without scheme when the client does', () => {
    expect(addressesOf(routeTo(undefined, 'a'), plain(true))).toEqual(['https://a:81']);
  });
});
