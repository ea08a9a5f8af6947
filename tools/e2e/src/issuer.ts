import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Somebody who gives tokens out: a key set on loopback, and tokens that it verifies. */
export interface Issuer {
  /** `iss` of its tokens. */
  readonly url: string;
  /** Where its keys are (RFC 7517). */
  readonly jwksUrl: string;
  /** A token for an hour, signed with ES256 (RFC 7515). @param claims over its own */
  token(claims: Readonly<Record<string, unknown>>): string;
  /** The same, by a key that nobody knows. */
  forged(claims: Readonly<Record<string, unknown>>): string;
  close(): Promise<void>;
}

const KEY_ID = 'first';

/** Starts an issuer on a free port. */
export async function issuer(): Promise<Issuer> {
  const known = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const unknown = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = [{ ...known.publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'ES256', use: 'sig' }];
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const make = (key: KeyObject, claims: Readonly<Record<string, unknown>>): string => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const all = { iss: url, aud: 'gateway', iat: nowSeconds, exp: nowSeconds + 3600, ...claims };
    const signed = `${encoded({ alg: 'ES256', typ: 'JWT', kid: KEY_ID })}.${encoded(all)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  return {
    url,
    jwksUrl: `${url}/keys`,
    token: (claims) => make(known.privateKey, claims),
    forged: (claims) => make(unknown.privateKey, claims),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
