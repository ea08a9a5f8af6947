import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';

import {
  CONFIG_REFERENCE,
  ConfigError,
  createGateway,
  type JsonObject,
  readConfiguration,
  systemClock,
} from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { rawClient, TestAuthority } from '@ocelot/test-support';
import { webSocketRelay } from '@ocelot/ws-relay';
import { hash as bcryptHash } from 'bcryptjs';
import { describe, expect, it } from 'vitest';

import { auth } from '../../src/index.js';
import { createProvider } from '../../src/providers/create-provider.js';
import { authStands, type AuthStandOptions } from '../auth-stand.js';
import { ProviderStand } from '../provider-stand.js';
import { json, TestIssuer } from '../test-issuer.js';

// Each type of provider as a file names it, on real sockets, with the clock of the machine.

const { gateway, sockets, onClose } = authStands();

const BY_MAIN = { AuthenticationOptions: { AuthenticationProviderKeys: ['Main'] } };

function configured(Main: object, route: object = {}): AuthStandOptions {
  return { authentication: { Providers: { Main } }, route: { ...BY_MAIN, ...route } };
}

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

describe('a WebSocket with credentials of a provider that a file names', () => {
  it('opens with a token of an issuer that is found by its Authority, among the subprotocols', async () => {
    const issuer = await TestIssuer.start();
    onClose(() => issuer.close());
    const backend = await sockets();
    const Main = { Type: 'Jwt', Authority: issuer.url, Audience: ['gateway'], In: ['subprotocol'] };
    const stand = await gateway(backend.port, configured(Main));
    const nowSeconds = Math.floor(Date.now() / 1000);
    const token = await issuer.token({ claims: { iat: nowSeconds, exp: nowSeconds + 60 } });
    const client = await stand.client();
    const answer = await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': `bearer, ${token}, chat` } });
    expect(answer.status).toBe(101);
    expect(answer.get('sec-websocket-protocol')).toBe('chat');
    expect(backend.requests[0]?.headers['sec-websocket-protocol']).toBe('chat');
    const wrong = await stand.client();
    const refusal = await wrong.upgrade({ headers: { 'Sec-WebSocket-Protocol': `bearer.${token}x, chat` } });
    expect(refusal.status).toBe(401);
    expect(refusal.get('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.stringify(stand.lines)).not.toContain(token.split('.')[1]);
  });

  it('opens with a token that its introspection endpoint calls active, in the query; 503 while that is away', async () => {
    let isAway = false;
    const endpoint = createServer((request, response) => {
      void text(request).then((body) => {
        if (isAway) response.writeHead(500).end();
        else json(response, { active: new URLSearchParams(body).get('token') === 'good', sub: 'alice' });
      });
    });
    const Url = `http://127.0.0.1:${await listen(endpoint)}/`;
    const Main = { Type: 'Introspection', Url, ClientId: 'g', ClientSecret: 's', In: ['query:access_token'] };
    const backend = await sockets();
    const stand = await gateway(backend.port, configured({ ...Main, CacheSeconds: 0 }));
    await stand.open({}, '/a?access_token=good&x=%20');
    expect(backend.requests[0]?.url).toBe('/a?x=%20');
    const target = '/a?access_token=bad';
    expect(await (await stand.client()).upgrade({ target })).toMatchObject({ status: 401 });
    isAway = true;
    expect(await (await stand.client()).upgrade({ target: '/a?access_token=good' })).toMatchObject({ status: 503 });
    const line = await stand.line('OCELOT_ERR_IDENTITY_UNAVAILABLE');
    expect(JSON.stringify(line)).toContain('introspection-unavailable');
    expect(JSON.stringify(stand.lines)).not.toMatch(/access_token=(good|bad)/);
  });

  it('opens with a password of a file, which the backend does not get where the route says so', async () => {
    const files = new ProviderStand();
    onClose(() => files.close());
    const PasswordFile = await files.file('users', `alice:${await bcryptHash('wonderland', 4)}\n`);
    const backend = await sockets();
    const route = { Gateway: { Authentication: { ForwardCredentials: 'none' } } };
    const stand = await gateway(backend.port, configured({ Type: 'Basic', PasswordFile, Realm: 'staff' }, route));
    await stand.open({ Authorization: basic('alice:wonderland') });
    expect(backend.requests[0]?.headers.authorization).toBeUndefined();
    const refusal = await (await stand.client()).upgrade({ headers: { Authorization: basic('alice:hunter2') } });
    expect(refusal).toMatchObject({ status: 401 });
    expect(refusal.get('www-authenticate')).toBe('Basic realm="staff", charset="UTF-8"');
    expect(JSON.stringify(stand.lines)).not.toContain('hunter2');
  });

  it('opens with an API key', async () => {
    const key = 'a-key-of-this-test-0123456789';
    const Keys = [{ Name: 'billing', Sha256: createHash('sha256').update(key).digest('hex') }];
    const backend = await sockets();
    const stand = await gateway(backend.port, configured({ Type: 'ApiKey', Keys }));
    await stand.open({ 'X-Api-Key': key });
    const refusal = await (await stand.client()).upgrade({ headers: { 'X-Api-Key': `${key}0` } });
    expect(refusal).toMatchObject({ status: 401 });
  });

  it('opens with a client certificate that is on the list, and with no other', async () => {
    const authority = new TestAuthority();
    const backend = await sockets();
    const log = new MemoryLogger();
    const own = await createGateway({
      config: readConfiguration({
        Routes: [
          {
            UpstreamPathTemplate: '/{everything}',
            DownstreamPathTemplate: '/{everything}',
            DownstreamScheme: 'ws',
            DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
            AddHeadersToRequest: { 'X-Device': 'Claims[CN] > value' },
            ...BY_MAIN,
          },
        ],
        GlobalConfiguration: {
          Gateway: {
            Authentication: {
              Providers: { Main: { Type: 'Certificate', Names: ['DNS:*.devices.example', 'IP Address:10.0.0.1'] } },
            },
          },
        },
      }),
      plugins: [auth()],
      log,
    });
    onClose(() => own.drain({ deadlineMs: 0, spreadMs: 0 }));
    const tls = createTlsServer({
      ...authority.issue({ names: ['localhost'] }),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    tls.on('upgrade', webSocketRelay().listener(own));
    const port = await listen(tls);
    const upgrade = async (certificate: object): Promise<number> => {
      const client = await rawClient(port, { tls: { rejectUnauthorized: false, ...certificate } });
      onClose(async () => client.destroy());
      return (await client.upgrade()).status;
    };
    expect(await upgrade(authority.issue({ commonName: 'd7', names: ['d7.devices.example'] }))).toBe(101);
    expect(backend.requests[0]?.headers['x-device']).toBe('d7');
    expect(await upgrade(authority.issue({ commonName: 'd8', names: ['10.0.0.1'] }))).toBe(101);
    expect(await upgrade(authority.issue({ commonName: 'd7', names: ['d7.example'] }))).toBe(401);
    expect(await upgrade(new TestAuthority().issue({ names: ['d7.devices.example'] }))).toBe(401);
    expect(await upgrade({})).toBe(401);
  });
});

describe('the keys of a provider in the reference', () => {
  const keys = CONFIG_REFERENCE.find(({ name }) => name === 'AuthenticationProvider')?.keys ?? [];

  it('are each read by a type at least', async () => {
    const types = ['Jwt', 'Introspection', 'Basic', 'ApiKey', 'Certificate'];
    const ignored = await Promise.all(types.map(ignoredKeys));
    const unread = keys.filter(({ name }) => ignored.every((ofType) => ofType.includes(name)));
    expect(keys.length).toBeGreaterThan(40);
    expect(unread).toEqual([]);
  });

  /** Keys that a type says it does not read. */
  async function ignoredKeys(Type: string): Promise<readonly string[]> {
    const log = new MemoryLogger();
    const options: JsonObject = { ...Object.fromEntries(keys.map(({ name }) => [name, { wrong: true }])), Type };
    const context = {
      clock: systemClock,
      wallNowMs: Date.now,
      log,
      record: () => {},
      location: '#',
      trustedProxies: [],
    };
    // Wrong values: it fails, after it has said which keys it does not read.
    await expect(createProvider('main', options, context)).rejects.toThrow(ConfigError);
    return log.lines.map(({ fields }) => String(fields['source']).replace('#/', ''));
  }
});
