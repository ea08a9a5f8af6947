import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';

import type { JsonObject } from '@ocelot/core';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Provider } from '../../src/providers/provider.js';
import {
  failureOf,
  issuesOf,
  PATIENT,
  ProviderStand,
  reasonOf,
  START,
  START_MS,
  verifyToken,
} from '../provider-stand.js';
import { TestIssuer } from '../test-issuer.js';

const ALGORITHMS = ['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET = 'a-secret-of-forty-eight-characters-0123456789abc';

let issuer: TestIssuer;
let stand: ProviderStand;
beforeAll(async () => {
  issuer = await TestIssuer.start(ALGORITHMS);
});
afterAll(() => issuer.close());
beforeEach(() => {
  stand = new ProviderStand();
});
afterEach(() => stand.close());

/** A provider with the issuer's keys in a file, and its issuer and audience. */
async function withKeys(options: JsonObject = {}): Promise<Provider> {
  const KeyFile = await stand.file('keys.json', JSON.stringify(issuer.jwks));
  return stand.provider({ Type: 'Jwt', KeyFile, Issuer: issuer.url, Audience: 'gateway', ...options });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('a valid token', () => {
  it.each(ALGORITHMS)('is accepted when it is signed with %s (RFC 7518 §3.1, RFC 8037)', async (algorithm) => {
    const identity = await verifyToken(await withKeys(), await issuer.token({}, algorithm));
    expect(identity).toMatchObject({ provider: 'main', subject: 'alice', tokenId: 'token-1' });
    expect(identity.expiresAtMs).toBe(START_MS + 60_000);
  });

  it.each([
    ['HS256', SECRET],
    ['HS384', SECRET],
    ['HS512', `${SECRET}${SECRET}`],
  ])('is accepted when it is signed with %s and a secret', async (alg, secret) => {
    const provider = await stand.provider({ Type: 'jwt', Secret: secret });
    const token = await new SignJWT({ exp: START + 1 }).setProtectedHeader({ alg }).sign(Buffer.from(secret));
    expect(await verifyToken(provider, token)).toMatchObject({ subject: undefined });
  });

  it('gives its claims as texts: lists as several, what is no text as JSON', async () => {
    const token = await issuer.token({
      claims: {
        roles: ['a', 'b'],
        scope: 'read write',
        age: 7,
        ok: true,
        org: { id: 1 },
        none: null,
        constructor: 'x',
      },
    });
    const { claims } = await verifyToken(await withKeys(), token);
    expect(claims).toMatchObject({
      roles: ['a', 'b'],
      scope: ['read write'],
      age: ['7'],
      ok: ['true'],
      org: ['{"id":1}'],
      aud: ['gateway'],
    });
    expect(claims['constructor']).toEqual(['x']);
    expect(claims['toString']).toBeUndefined();
    expect(claims).not.toHaveProperty('none');
  });

  it('names its subject by another claim where SubjectClaim says so', async () => {
    const provider = await withKeys({ SubjectClaim: 'oid' });
    expect(await verifyToken(provider, await issuer.token({ claims: { oid: 'u-7' } }))).toMatchObject({
      subject: 'u-7',
    });
  });

  it('is accepted for one of several audiences and issuers', async () => {
    const provider = await withKeys({ Audience: ['other', 'gateway'], Issuer: ['https://x', issuer.url] });
    expect(await verifyToken(provider, await issuer.token({ claims: { aud: ['z', 'gateway'] } }))).toBeDefined();
  });
});

describe('a token that is refused', () => {
  it.each([
    ['is expired', { claims: { exp: START - 6 } }, 'expired'],
    ['is not valid yet', { claims: { nbf: START + 6 } }, 'not-yet-valid'],
    ['is of another issuer', { claims: { iss: 'https://evil.example' } }, 'issuer'],
    ['names no issuer', { without: ['iss'] }, 'claim-missing'],
    ['is for another audience', { claims: { aud: 'other' } }, 'audience'],
    ['has no exp', { without: ['exp'] }, 'claim-missing'],
    ['has an exp that is a text', { claims: { exp: 'never' as unknown as number } }, 'claim'],
    ['lacks a required claim', { without: ['jti'] }, 'claim-missing'],
    [
      'demands what nobody here understands (RFC 7515 §4.1.11)',
      { header: { crit: ['urn:example'], 'urn:example': 1 } },
      'not-supported',
    ],
    ['is signed with a key that is not known', { header: { kid: 'other' } }, 'unknown-key'],
    ['is of another type (RFC 9068 §4)', { header: { typ: 'JWT' } }, 'type'],
  ])('%s', async (_, shape, reason) => {
    const provider = await withKeys({ RequiredClaims: ['jti'], TokenTypes: reason === 'type' ? ['at+jwt'] : [] });
    const failure = await failureOf(async () => verifyToken(provider, await issuer.token(shape)));
    expect(failure).toMatchObject({ reason, error: 'invalid_token', isUnavailable: false });
  });

  // JSON of a signer that divides by nothing: jose takes it for a time, and a socket would never end.
  it('ends at no time that there is: 1e400 seconds', async () => {
    const provider = await stand.provider({ Type: 'Jwt', Secret: SECRET });
    const head = `${encode({ alg: 'HS256' })}.${Buffer.from('{"sub":"alice","exp":1e400}').toString('base64url')}`;
    const token = `${head}.${createHmac('sha256', SECRET).update(head).digest('base64url')}`;
    expect(await reasonOf(() => verifyToken(provider, token))).toBe('claim');
  });

  it.each([
    ['no token at all', 'abc'],
    ['two parts', 'abc.def'],
    ['a header that is no JSON', 'abc.e30.abc'],
    ['five parts: encrypted', `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
    ['characters that no token has', 'a b'],
  ])('is %s', async (_, token) => {
    expect(['malformed', 'algorithm']).toContain(await reasonOf(async () => verifyToken(await withKeys(), token)));
  });

  it('is longer than MaxTokenBytes, before anything is read of it', async () => {
    const provider = await withKeys({ MaxTokenBytes: 600 });
    const token = await issuer.token({ claims: { pad: 'x'.repeat(600) } });
    expect(await reasonOf(() => verifyToken(provider, token))).toBe('too-large');
  });

  it('has a payload that was changed', async () => {
    const [header, , signature] = (await issuer.token()).split('.');
    const forged = `${header}.${encode({ sub: 'root', iss: issuer.url, aud: 'gateway', exp: START + 60 })}.${signature}`;
    expect(await reasonOf(async () => verifyToken(await withKeys(), forged))).toBe('signature');
  });

  it('never tells of itself in the failure', async () => {
    const token = await issuer.token({ claims: { exp: START - 60, secret: 'hidden-claim' } });
    const failure = await failureOf(async () => verifyToken(await withKeys(), token));
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toMatch(/hidden-claim|eyJ/);
  });
});

describe('a token that lies about its algorithm (RFC 8725 §3.1)', () => {
  it.each(['none', 'None', 'nOnE', ''])('is refused with alg %j', async (alg) => {
    const claims = encode({ sub: 'root', iss: issuer.url, aud: 'gateway', exp: START + 60 });
    const reason = await reasonOf(async () => verifyToken(await withKeys(), `${encode({ alg })}.${claims}.`));
    expect(reason).toBe('algorithm');
  });

  it('is refused when a public key was used as an HMAC secret', async () => {
    const jwk = issuer.jwks.keys.find(({ alg }) => alg === 'RS256');
    if (jwk === undefined) throw new Error('no key');
    const pem = String(
      createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    );
    const head = `${encode({ alg: 'HS256', kid: jwk.kid })}.${encode({ sub: 'root', iss: issuer.url, aud: 'gateway', exp: START + 60 })}`;
    for (const secret of [pem, pem.trim(), jwk.n ?? '', Buffer.from(jwk.n ?? '', 'base64url')]) {
      const token = `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
      expect(await reasonOf(async () => verifyToken(await withKeys(), token))).toBe('algorithm');
    }
  });

  it('is refused when the key is for another algorithm of the same family (RFC 7517 §4.4)', async () => {
    const token = await issuer.token(
      { header: { kid: issuer.jwks.keys.find(({ alg }) => alg === 'RS512')?.kid } },
      'RS256',
    );
    expect(await reasonOf(async () => verifyToken(await withKeys(), token))).toBe('unknown-key');
  });

  it('is refused when its algorithm is not on the list', async () => {
    const provider = await withKeys({ Algorithms: ['ES256'] });
    expect(await reasonOf(async () => verifyToken(provider, await issuer.token({}, 'RS256')))).toBe('algorithm');
    expect(await verifyToken(provider, await issuer.token({}, 'ES256'))).toBeDefined();
  });

  it('is refused when it brings its own key (RFC 7515 §4.1.3)', async () => {
    const other = await TestIssuer.start();
    const [jwk] = other.jwks.keys;
    const token = await other.token({ claims: { iss: issuer.url }, header: { jwk, kid: undefined } });
    await other.close();
    expect(await reasonOf(async () => verifyToken(await withKeys(), token))).toBe('signature');
  });
});

describe('ClockSkewSeconds', () => {
  it('lets a token in that expired, or begins, within it', async () => {
    const provider = await withKeys();
    expect(await verifyToken(provider, await issuer.token({ claims: { exp: START - 4 } }))).toBeDefined();
    expect(await verifyToken(provider, await issuer.token({ claims: { nbf: START + 4 } }))).toBeDefined();
  });

  it('does not move the end of an open socket', async () => {
    const identity = await verifyToken(await withKeys({ ClockSkewSeconds: 60 }), await issuer.token());
    expect(identity.expiresAtMs).toBe(START_MS + 60_000);
  });

  it('may be nothing', async () => {
    const provider = await withKeys({ ClockSkewSeconds: 0 });
    expect(await reasonOf(async () => verifyToken(provider, await issuer.token({ claims: { exp: START } })))).toBe(
      'expired',
    );
  });
});

describe('RequireExpiry', () => {
  it('off lets tokens in that never end', async () => {
    const provider = await withKeys({ RequireExpiry: false });
    const identity = await verifyToken(provider, await issuer.token({ without: ['exp'] }));
    expect(identity.expiresAtMs).toBeUndefined();
  });
});

describe('KeyFile', () => {
  const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }));

  it('may be PEM with several keys; a token with any kid is tried with those that fit', async () => {
    const [first, second] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const rsa = createPublicKey({ key: issuer.jwks.keys[0] as JsonWebKey, format: 'jwk' });
    if (first === undefined || second === undefined) throw new Error('no key');
    const KeyFile = await stand.file('keys.pem', pem(rsa) + pem(first.publicKey) + pem(second.publicKey));
    const provider = await stand.provider({ Type: 'Jwt', KeyFile });
    const token = await new SignJWT({ exp: START + 9 })
      .setProtectedHeader({ alg: 'ES256', kid: 'x' })
      .sign(second.privateKey);
    expect(await verifyToken(provider, token)).toBeDefined();
  });

  // Whoever has a secret that leaked makes tokens for anybody.
  it('may be a secret that is replaced while the gateway runs: tokens of the one before are refused at once', async () => {
    const after = `${SECRET}-and-another`;
    const SecretFile = await stand.file('secret', `${SECRET}\n`);
    const provider = await stand.provider({ Type: 'Jwt', SecretFile });
    const sign = (secret: string) =>
      new SignJWT({ exp: START + 900 }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
    expect(await verifyToken(provider, await sign(SECRET))).toBeDefined();
    await stand.file('secret', after);
    stand.clock.advance(2000);
    expect(await reasonOf(async () => verifyToken(provider, await sign(SECRET)))).toBe('signature');
    expect(await verifyToken(provider, await sign(after))).toBeDefined();
    await stand.file('secret', 'short');
    stand.clock.advance(2000);
    expect(await verifyToken(provider, await sign(after))).toBeDefined();
    expect(JSON.stringify(stand.lines)).not.toMatch(/another|short"/);
  });

  it('is read again when it changes, and stays in force while the new content cannot be used', async () => {
    const [before, after] = [1, 2].map(() => generateKeyPairSync('ed25519'));
    if (before === undefined || after === undefined) throw new Error('no key');
    const KeyFile = await stand.file('key.pem', pem(before.publicKey));
    const provider = await stand.provider({ Type: 'Jwt', KeyFile });
    const sign = (key: KeyObject) => new SignJWT({ exp: START + 90 }).setProtectedHeader({ alg: 'EdDSA' }).sign(key);
    const isAccepted = async (key: KeyObject): Promise<boolean> =>
      verifyToken(provider, await sign(key)).then(
        () => true,
        () => false,
      );
    await stand.file('key.pem', 'broken');
    const until = async (done: () => boolean | Promise<boolean>): Promise<void> => {
      for (let round = 0; round < 200 && !(await done()); round += 1) {
        stand.clock.advance(100);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await until(
      async () => (await isAccepted(before.privateKey)) && stand.lines.some(({ level }) => level === 'error'),
    );
    expect(await isAccepted(before.privateKey)).toBe(true);
    await stand.file('key.pem', pem(after.publicKey));
    await until(() => isAccepted(after.privateKey));
    expect(await isAccepted(after.privateKey)).toBe(true);
    expect(await isAccepted(before.privateKey)).toBe(false);
  });
});

describe('options that cannot be used', () => {
  it.each([
    [{}, 'P/Authority: Authority is missing'],
    [{ KeyFile: 'a', Secret: 'b' }, 'P/Secret: Secret stands beside KeyFile'],
    [{ Secret: 'short' }, 'P/Secret: Secret has 5 bytes; HS256 needs 32'],
    [{ Secret: SECRET, SecretFile: 'x' }, 'P/SecretFile: SecretFile stands beside Secret'],
    [{ SecretEnv: 'OCELOT_NOT_SET' }, 'P/SecretEnv: SecretEnv names "OCELOT_NOT_SET", which is not set'],
    [{ SecretFile: '/does/not/exist' }, 'P/SecretFile: SecretFile cannot be read'],
    [{ KeyFile: '/does/not/exist' }, 'P/KeyFile: KeyFile cannot be used'],
    [{ JwksUrl: 'http://issuer.example/jwks' }, 'P/JwksUrl: JwksUrl must be an https URL'],
    [{ JwksUrl: 'https://me:pw@issuer.example/jwks' }, 'P/JwksUrl: JwksUrl must hold no user name'],
    [{ Authority: 'issuer.example' }, 'P/Authority: Authority must be an https URL'],
    [{ Secret: SECRET, Algorithms: ['RS256'] }, 'P/Algorithms/0: Algorithms holds "RS256", which does not fit'],
    [{ Secret: SECRET, Algorithms: ['HS256', 'HS512'] }, 'P/Algorithms/1: Algorithms holds "HS512"'],
    [{ Secret: SECRET, Algorithms: ['none'] }, 'P/Algorithms/0: Algorithms holds "none"'],
    [{ JwksUrl: 'https://issuer.example/jwks', Algorithms: ['HS256'] }, 'P/Algorithms/0: Algorithms holds "HS256"'],
    [{ Secret: SECRET, ClockSkewSeconds: -1 }, 'P/ClockSkewSeconds: ClockSkewSeconds must be a number from 0 to 3600'],
  ] as const)('%j', async (options, issue) => {
    const [found] = await issuesOf(() => stand.provider({ Type: 'Jwt', ...options }));
    expect(found).toContain(issue);
    expect(found).not.toContain('short');
  });

  it.each([
    [
      'a private key',
      String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })),
      'private',
    ],
    ['a shared secret', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }), 'SecretFile'],
    ['nothing', '', 'no public key'],
    ['a weak RSA key', pemOfWeakKey(), 'no public key'],
    ['broken JSON', '{"keys":', 'neither PEM nor JSON'],
  ])('a KeyFile with %s', async (_, content, message) => {
    const KeyFile = await stand.file('key', content);
    const [found] = await issuesOf(() => stand.provider({ Type: 'Jwt', KeyFile }));
    expect(found).toContain(message);
    expect(found).not.toContain('c2VjcmV0');
  });
});

describe('what is said at the start', () => {
  it('warns of a secret in the configuration and of a missing audience, without the secret', async () => {
    await stand.provider({ Type: 'Jwt', Secret: SECRET });
    expect(stand.lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
    expect(JSON.stringify(stand.lines)).not.toContain(SECRET);
  });

  it('warns of a key that belongs to another type', async () => {
    await stand.provider({ Type: 'Jwt', Secret: SECRET, Audience: 'a', PasswordFile: 'x' });
    expect(stand.lines.map(({ fields }) => fields['source'])).toContain('ocelot.json#/P/PasswordFile');
  });
});

describe('the challenge', () => {
  it('names the realm; with a failure what went wrong (RFC 6750 §3)', async () => {
    const provider = await stand.provider({ Type: 'Jwt', Secret: SECRET, Realm: 'chat "v2"' });
    expect(provider.challenge()).toBe(`Bearer realm="chat 'v2'"`);
    const failure = await failureOf(() => verifyToken(provider, 'a.b.c'));
    expect(provider.challenge(failure)).toBe(
      `Bearer realm="chat 'v2'", error="invalid_token", error_description="The token is malformed."`,
    );
  });
});

describe('credentials of another kind', () => {
  it('are refused', async () => {
    const provider = await stand.provider({ Type: 'Jwt', Secret: SECRET });
    const basic = { kind: 'basic', user: 'a', password: 'b', place: 'header' } as const;
    expect(await reasonOf(() => provider.verify(basic, PATIENT))).toBe('malformed');
    expect(await reasonOf(() => provider.fromText?.(' ', 'renewal'))).toBe('malformed');
  });
});

function pemOfWeakKey(): string {
  return String(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' }));
}
