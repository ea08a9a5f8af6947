import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { JsonObject } from '@ocelot/core';
import { createProvider } from '../../src/providers/create-provider.js';
import type { Provider } from '../../src/providers/provider.js';
import { failureOf, issuesOf, PATIENT, ProviderStand, reasonOf, START, verifyToken } from '../provider-stand.js';
import { json, TestIssuer } from '../test-issuer.js';

// A real issuer on loopback; only time is fake.

let issuer: TestIssuer;
let stand: ProviderStand;
beforeEach(async () => {
  issuer = await TestIssuer.start();
  stand = new ProviderStand();
});
afterEach(async () => {
  await stand.close();
  await issuer.close();
});

async function provider(options: JsonObject = {}): Promise<Provider> {
  return stand.provider({ Type: 'Jwt', JwksUrl: `${issuer.url}/jwks`, Audience: 'gateway', ...options });
}

const LASTING = { claims: { exp: START + 86_400 } };

function dependencies(): readonly (readonly [name: string, isUp: boolean])[] {
  return stand.events.flatMap((event) =>
    event.type === 'dependency.changed' ? [[event.name, event.isUp] as const] : [],
  );
}

describe('keys of a JWKS URL', () => {
  it('are asked for by nobody while a configuration is only tried (ocelot validate)', async () => {
    const options = { Type: 'Jwt', JwksUrl: `${issuer.url}/jwks`, Audience: 'gateway' };
    const tried = await createProvider('main', options, { ...stand.context(), isTrial: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    tried.close?.();
    expect(issuer.requests).toEqual([]);
  });

  it('are loaded once, at the start, for all tokens', async () => {
    const main = await provider();
    const token = await issuer.token();
    await Promise.all(Array.from({ length: 20 }, () => verifyToken(main, token)));
    expect(issuer.keyRequests).toBe(1);
  });

  it('are loaded again when a token names a key that is not among them', async () => {
    const main = await provider();
    await verifyToken(main, await issuer.token());
    await issuer.rotate('next');
    stand.clock.advance(31_000);
    expect(await verifyToken(main, await issuer.token(LASTING))).toMatchObject({ subject: 'alice' });
    expect(issuer.keyRequests).toBe(2);
  });

  it('are not loaded again within the cool-down, however many invented key ids come', async () => {
    const main = await provider();
    await verifyToken(main, await issuer.token());
    for (let index = 0; index < 10; index += 1) {
      const token = await issuer.token({ header: { kid: `invented-${index}` } });
      expect(await reasonOf(() => verifyToken(main, token))).toBe('unknown-key');
    }
    expect(issuer.keyRequests).toBe(1);
  });

  it('forget a key that the issuer took out, once JwksCacheSeconds are over', async () => {
    const main = await provider({ JwksCacheSeconds: 60 });
    const old = await issuer.token(LASTING);
    await verifyToken(main, old);
    await issuer.rotate('next');
    stand.clock.advance(59_000);
    expect(await verifyToken(main, old)).toBeDefined();
    stand.clock.advance(2000);
    expect(await reasonOf(() => verifyToken(main, old))).toBe('unknown-key');
  });

  it('may have no id: then every one that fits is tried', async () => {
    await issuer.addKey('ES256', '');
    await issuer.addKey('ES256', 'other');
    const main = await provider();
    const token = await issuer.token({ header: { kid: undefined } });
    expect(await verifyToken(main, token)).toBeDefined();
  });

  it('that are for encryption, secret or unknown are left out (RFC 7517 §5)', async () => {
    const [jwk] = issuer.jwks.keys;
    issuer.answer = (_, response) => {
      json(response, {
        keys: [
          { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'a' },
          { ...jwk, use: 'enc', kid: 'b' },
          { ...jwk, use: undefined, key_ops: ['sign'], kid: 'c' },
          { kty: 'future', kid: 'd' },
          { kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'e' },
          'not even an object',
          jwk,
        ],
      });
    };
    const main = await provider();
    expect(await verifyToken(main, await issuer.token())).toBeDefined();
    for (const kid of ['a', 'b', 'c', 'd', 'e']) {
      expect(await reasonOf(async () => verifyToken(main, await issuer.token({ header: { kid } })))).toBe(
        'unknown-key',
      );
    }
  });
});

describe('an issuer that is away', () => {
  it('leaves the last good keys in force, and is told of once', async () => {
    const main = await provider({ JwksCacheSeconds: 60 });
    const token = await issuer.token(LASTING);
    await verifyToken(main, token);
    issuer.answer = (_, response) => response.writeHead(500).end();
    for (let index = 0; index < 5; index += 1) {
      stand.clock.advance(61_000);
      expect(await verifyToken(main, token)).toBeDefined();
    }
    expect(dependencies()).toEqual([['jwks', false]]);
    issuer.answer = undefined;
    await expect
      .poll(async () => {
        stand.clock.advance(61_000);
        await verifyToken(main, token);
        return dependencies();
      })
      .toEqual([
        ['jwks', false],
        ['jwks', true],
      ]);
  });

  it('makes a token with a new key uncheckable, not wrong', async () => {
    const main = await provider();
    await verifyToken(main, await issuer.token());
    await issuer.rotate('next');
    issuer.answer = (request) => request.socket.destroy();
    stand.clock.advance(31_000);
    const failure = await failureOf(async () => verifyToken(main, await issuer.token(LASTING)));
    expect(failure).toMatchObject({ reason: 'keys-unavailable', isUnavailable: true });
  });

  it.each([
    [
      'answers 500',
      (_: unknown, response: { writeHead(status: number): { end(): void } }) => response.writeHead(500).end(),
    ],
    ['cuts the connection', (request: { socket: { destroy(): void } }) => request.socket.destroy()],
    [
      'sends what is no JSON',
      (_: unknown, response: { end(text: string): void }) => response.end('<html>secret</html>'),
    ],
    ['sends no key set', (_: unknown, response: { end(text: string): void }) => response.end('{"keys":7}')],
    ['sends no usable key', (_: unknown, response: { end(text: string): void }) => response.end('{"keys":[]}')],
    [
      'sends too many keys',
      (_: unknown, response: { end(text: string): void }) =>
        response.end(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({})) })),
    ],
    ['sends a list', (_: unknown, response: { end(text: string): void }) => response.end('[]')],
    [
      'sends more than MaxDocumentBytes',
      (_: unknown, response: { end(text: string): void }) => response.end('x'.repeat(70_000)),
    ],
    [
      'redirects',
      (_: unknown, response: { writeHead(status: number, headers: object): { end(): void } }) =>
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
  ])('from the start, since it %s, makes every token uncheckable', async (_, answer) => {
    issuer.answer = answer as typeof issuer.answer;
    const main = await provider({ MaxDocumentBytes: 65_536 });
    const failure = await failureOf(async () => verifyToken(main, await issuer.token()));
    expect(failure).toMatchObject({ reason: 'keys-unavailable', isUnavailable: true });
    expect(dependencies()).toEqual([['jwks', false]]);
    expect(JSON.stringify(stand.lines)).not.toContain('secret');
    issuer.answer = undefined;
    expect(await reasonOf(async () => verifyToken(main, await issuer.token()))).toBe('keys-unavailable');
    stand.clock.advance(2001);
    expect(await verifyToken(main, await issuer.token())).toBeDefined();
  });

  it('is given up after TimeoutMs', async () => {
    issuer.answer = () => {};
    const main = await provider({ TimeoutMs: 300 });
    const verification = failureOf(async () => verifyToken(main, await issuer.token()));
    await expect.poll(() => issuer.keyRequests).toBe(1);
    stand.clock.advance(301);
    expect((await verification).cause).toMatchObject({ message: expect.stringContaining('within 300 ms') as string });
  });

  it('is not waited for by a client that left; the load goes on for others', async () => {
    let answer = (): void => {};
    issuer.answer = (_, response) => {
      answer = () => json(response, issuer.jwks);
    };
    const main = await provider();
    const token = await issuer.token();
    const leaving = new AbortController();
    const gone = Promise.resolve(
      main.verify({ kind: 'bearer', token, place: 'header' }, { signal: leaving.signal }),
    ).catch((error: unknown) => error);
    const staying = verifyToken(main, token);
    await expect.poll(() => issuer.keyRequests).toBe(1);
    leaving.abort(new Error('the client left'));
    expect(await gone).toMatchObject({ message: 'the client left' });
    answer();
    expect(await staying).toBeDefined();
    expect(issuer.keyRequests).toBe(1);
  });

  it('is left alone where the options of the provider cannot be used', async () => {
    issuer.answer = () => {};
    expect(await issuesOf(() => provider({ In: ['body'] }))).toHaveLength(1);
    await expect.poll(() => stand.clock.pending).toBe(0);
    expect(stand.events).toEqual([]);
  });

  it('is left alone by a provider that closes, without a line in the log', async () => {
    issuer.answer = () => {};
    const main = await provider();
    const verification = failureOf(async () => verifyToken(main, await issuer.token()));
    await expect.poll(() => issuer.keyRequests).toBe(1);
    main.close?.();
    expect(await verification).toMatchObject({ isUnavailable: true });
    expect(stand.lines).toEqual([]);
    expect(stand.clock.pending).toBe(0);
  });
});

describe('Authority', () => {
  const authority = (options: JsonObject = {}): Promise<Provider> =>
    stand.provider({ Type: 'Jwt', Authority: `${issuer.url}/`, Audience: 'gateway', ...options });

  it('finds keys and issuer by OpenID Connect Discovery', async () => {
    const main = await authority();
    expect(await verifyToken(main, await issuer.token())).toMatchObject({ subject: 'alice' });
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
    const other = await issuer.token({ claims: { iss: 'https://evil.example' } });
    expect(await reasonOf(() => verifyToken(main, other))).toBe('issuer');
  });

  it('finds them by RFC 8414 where there is no OpenID Connect, the path behind the well-known part (§3.1)', async () => {
    issuer.answer = (request, response) => {
      if (request.url === '/.well-known/oauth-authorization-server/tenant') {
        json(response, { issuer: `${issuer.url}/tenant`, jwks_uri: `${issuer.url}/jwks` });
      } else if (request.url === '/jwks') json(response, issuer.jwks);
      else response.writeHead(404).end();
    };
    const main = await authority({ Authority: `${issuer.url}/tenant` });
    expect(await verifyToken(main, await issuer.token({ claims: { iss: `${issuer.url}/tenant` } }))).toBeDefined();
  });

  it('refuses metadata of another issuer (RFC 8414 §3.3)', async () => {
    issuer.metadata = { issuer: 'https://evil.example' };
    const main = await authority();
    expect(await reasonOf(async () => verifyToken(main, await issuer.token()))).toBe('keys-unavailable');
    expect(stand.lines[0]?.fields['error']).toContain('another issuer');
  });

  it('takes them where Issuer says which issuer tokens must name', async () => {
    issuer.metadata = { issuer: 'https://public.example' };
    const main = await authority({ Issuer: 'https://public.example' });
    expect(await verifyToken(main, await issuer.token({ claims: { iss: 'https://public.example' } }))).toBeDefined();
    expect(await reasonOf(async () => verifyToken(main, await issuer.token()))).toBe('issuer');
  });

  it.each([
    [{ jwks_uri: 'http://issuer.example/jwks' }, 'not behind https'],
    [{ jwks_uri: 7 }, 'no jwks_uri'],
    [{ issuer: undefined }, 'no issuer'],
  ])('refuses metadata with %j', async (metadata, message) => {
    issuer.metadata = metadata;
    const main = await authority();
    expect(await reasonOf(async () => verifyToken(main, await issuer.token()))).toBe('keys-unavailable');
    expect(stand.lines[0]?.fields['error']).toContain(message);
  });

  it('may be asked over http where RequireHttps is off', async () => {
    const [found] = await issuesOf(() => authority({ Authority: 'http://issuer.example' }));
    expect(found).toContain('https');
    expect(await authority({ Authority: 'http://127.0.0.1:1', RequireHttps: false })).toBeDefined();
  });
});

it('waits for nobody when keys are there: the signal of the exchange is not even asked for', async () => {
  const main = await provider();
  const token = await issuer.token();
  await verifyToken(main, token);
  let asked = 0;
  const context = {
    get signal() {
      asked += 1;
      return PATIENT.signal;
    },
  };
  await main.verify({ kind: 'bearer', token, place: 'header' }, context);
  expect(asked).toBe(0);
});
