import {
  createEndpoint,
  createGateway,
  createGatewayRequest,
  type Endpoint,
  readConfiguration,
  type Route,
} from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { backendAddress, endpointName, hostHeader, usesTls } from '../src/index.js';

const socket = createEndpoint({ host: 'unix:/run/chat.sock', port: 0 });

describe('hostHeader (RFC 9110 §7.2)', () => {
  it.each<[string, number, boolean, string]>([
    ['chat.internal', 8080, false, 'chat.internal:8080'],
    ['chat.internal', 80, false, 'chat.internal'],
    ['chat.internal', 443, true, 'chat.internal'],
    ['chat.internal', 443, false, 'chat.internal:443'],
    ['chat.internal', 80, true, 'chat.internal:80'],
    ['2001:db8::1', 8080, false, '[2001:db8::1]:8080'],
    ['::1', 443, true, '[::1]'],
  ])('%s:%i, TLS %s → %s', (host, port, tls, expected) => {
    expect(hostHeader(createEndpoint({ host, port }), tls)).toBe(expected);
  });

  it('is localhost for a Unix-domain socket, which has no authority', () => {
    expect(hostHeader(socket, true)).toBe('localhost');
  });
});

describe('backendAddress', () => {
  it('is what net.connect takes: host and port, or a path', () => {
    expect(backendAddress(createEndpoint({ host: '::1', port: 1 }))).toEqual({ host: '::1', port: 1 });
    expect(backendAddress(socket)).toEqual({ path: '/run/chat.sock' });
  });
});

describe('endpointName', () => {
  it.each<[Endpoint, string]>([
    [createEndpoint({ host: 'chat.internal', port: 80 }), 'chat.internal:80'],
    [createEndpoint({ host: '::1', port: 80 }), '[::1]:80'],
    [socket, 'unix:/run/chat.sock'],
  ])('%o → %s', (endpoint, expected) => {
    expect(endpointName(endpoint)).toBe(expected);
  });
});

describe('usesTls', () => {
  async function routeOf(scheme: string): Promise<Route> {
    const gateway = await createGateway({
      config: readConfiguration({
        Routes: [
          {
            UpstreamPathTemplate: '/',
            DownstreamPathTemplate: '/',
            DownstreamScheme: scheme,
            DownstreamHostAndPorts: [{ Host: 'chat.internal', Port: 1 }],
          },
        ],
      }),
    });
    await gateway.drain({ deadlineMs: 0 });
    const [route] = gateway.routes;
    if (route === undefined) throw new Error('one route');
    return route;
  }

  it.each<[string, Endpoint['scheme'], boolean, boolean]>([
    ['ws', 'https', true, false],
    ['http', 'wss', true, false],
    ['wss', 'http', false, true],
    ['https', undefined, false, true],
    ['', 'wss', false, true],
    ['', 'http', true, false],
    ['', undefined, true, true],
    ['', undefined, false, false],
  ])('route %j, endpoint %s, client over TLS %s → %s', async (scheme, ofEndpoint, tls, expected) => {
    const endpoint = createEndpoint({
      host: 'chat.internal',
      port: 1,
      ...(ofEndpoint === undefined ? {} : { scheme: ofEndpoint }),
    });
    const request = createGatewayRequest({
      kind: 'http',
      method: 'GET',
      target: '/',
      rawHeaders: ['Host', 'gateway.test'],
      client: { address: '127.0.0.1', port: 1, tls },
    });
    expect(usesTls(await routeOf(scheme), endpoint, request)).toBe(expected);
  });
});
