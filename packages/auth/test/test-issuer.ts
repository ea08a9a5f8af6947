import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { exportJWK, generateKeyPair, type GenerateKeyPairResult, type JWK, type JWTPayload, SignJWT } from 'jose';

import { START } from './provider-stand.js';

interface SigningKey {
  readonly privateKey: GenerateKeyPairResult['privateKey'];
  readonly algorithm: string;
  readonly id: string | undefined;
  readonly jwk: JWK;
}

/** What a token differs in. */
export interface TokenShape {
  readonly claims?: JWTPayload;
  /** More of the protected header. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Left out of the claims that each token has: sub, iss, aud, jti, iat, exp. */
  readonly without?: readonly string[];
}

/** One answer of a server, in place of the usual. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real issuer on loopback: signs tokens, publishes its keys and its metadata, rotates. */
export class TestIssuer {
  readonly #server: Server;
  #keys: SigningKey[] = [];
  /** Paths of the requests it was sent. */
  readonly requests: string[] = [];
  /** When set, answers everything. */
  answer: Answer | undefined;
  /** What its metadata say beside the usual. */
  metadata: Readonly<Record<string, unknown>> = {};

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request.url ?? '');
      if (this.answer === undefined) this.#answer(request, response);
      else this.answer(request, response);
    });
  }

  static async start(algorithms: readonly string[] = ['ES256']): Promise<TestIssuer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = new TestIssuer(server);
    await Promise.all(algorithms.map((algorithm) => issuer.addKey(algorithm)));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How often its keys were asked for. */
  get keyRequests(): number {
    return this.requests.filter((path) => path === '/jwks').length;
  }

  get jwks(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) };
  }

  /** Adds a key. Without an id its tokens have no `kid`. */
  async addKey(algorithm = 'ES256', id: string | undefined = `key-${algorithm}-${this.#keys.length}`): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk: JWK = { ...(await exportJWK(publicKey)), use: 'sig', alg: algorithm, ...(id === '' ? {} : { kid: id }) };
    this.#keys.push({ privateKey, algorithm, id: id === '' ? undefined : id, jwk });
  }

  /** From now on there is only a new key. */
  async rotate(id: string): Promise<void> {
    this.#keys = [];
    await this.addKey('ES256', id);
  }

  /** A token by the last key of an algorithm, valid for a minute from {@link START}. */
  async token(shape: TokenShape = {}, algorithm?: string): Promise<string> {
    const key = this.#keys.findLast((one) => algorithm === undefined || one.algorithm === algorithm);
    if (key === undefined) throw new Error(`The issuer has no key for ${algorithm}.`);
    const usual = { sub: 'alice', iss: this.url, aud: 'gateway', jti: 'token-1', iat: START, exp: START + 60 };
    const claims = Object.fromEntries(
      Object.entries({ ...usual, ...shape.claims }).filter(([name]) => shape.without?.includes(name) !== true),
    );
    const named = key.id === undefined ? {} : { kid: key.id };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: key.algorithm, ...named, ...shape.header })
      .sign(key.privateKey, { crit: { 'urn:example': true } });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer({ url }: IncomingMessage, response: ServerResponse): void {
    if (url === '/jwks') return json(response, this.jwks);
    if (url === '/.well-known/openid-configuration') {
      return json(response, { issuer: this.url, jwks_uri: `${this.url}/jwks`, ...this.metadata });
    }
    response.writeHead(404).end();
  }
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
