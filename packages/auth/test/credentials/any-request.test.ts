import { createGatewayRequest, createUpgradeRequest, type Exchange, type JsonValue } from '@ocelot/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createBasicSource } from '../../src/credentials/basic-source.js';
import { cookieValues, withoutCookie } from '../../src/credentials/cookie-header.js';
import { queryValues, withoutQueryParameter } from '../../src/credentials/query-parameter.js';
import { readSubprotocols } from '../../src/credentials/subprotocol-token.js';
import { createTokenSource } from '../../src/credentials/token-source.js';
import { isAuthFailure } from '../../src/providers/auth-failure.js';
import { OptionReader } from '../../src/providers/option-reader.js';

// Whatever clients send: what a token is cut out of stays what it was, and nothing but an AuthFailure is thrown.

const piece = fc.constantFrom(
  't',
  'tt',
  'T',
  '%74',
  'a',
  '=',
  '==',
  '+',
  '%',
  '%2',
  '%ff',
  '',
  'é',
  ' ',
  '"',
  ';',
  ',',
);
const pieces = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(''));
const query = fc.array(pieces, { maxLength: 6 }).map((parts) => `?${parts.join('&')}`);
const cookies = fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join(';'));

describe('a query without a parameter', () => {
  it('has no value of it any more, and every other part in its place, byte for byte', () => {
    fc.assert(
      fc.property(query, (before) => {
        const after = withoutQueryParameter(before, 't');
        expect(queryValues(after, 't')).toEqual([]);
        const others = before
          .slice(1)
          .split('&')
          .filter((part) => queryValues(`?${part}`, 't').length === 0);
        // "?" alone has one empty part; with nothing left there is no "?".
        expect(after).toBe(others.length === 0 && before !== '?' ? '' : `?${others.join('&')}`);
      }),
    );
  });
});

describe('cookies without one of them', () => {
  it('have no value of it any more, and the others in their order', () => {
    fc.assert(
      fc.property(cookies, (before) => {
        const after = withoutCookie(before, 't') ?? '';
        expect(cookieValues(after, 't').filter((value) => value !== '')).toEqual([]);
        const others = before.split(';').filter((pair) => pair.split('=', 1)[0]?.trim() !== 't');
        expect(after.trim()).toBe(others.join(';').trim());
      }),
    );
  });
});

describe('subprotocols without those that are credentials', () => {
  it('hold none any more, and are all that is left', () => {
    const offer = fc.constantFrom<string>(
      'bearer',
      'Bearer',
      'bearer.x',
      'BEARER.y',
      'base64url.bearer.eA',
      'chat',
      'v2',
      'x',
    );
    fc.assert(
      fc.property(fc.array(offer, { maxLength: 6 }), (offers) => {
        const { tokens, rest, answer } = readSubprotocols(offers, 'bearer');
        expect(readSubprotocols(rest, 'bearer')).toEqual({ tokens: [], rest, answer: undefined });
        expect(tokens.length > 0).toBe(answer !== undefined);
        expect(answer === undefined || offers.includes(answer)).toBe(true);
      }),
    );
  });
});

describe('a source', () => {
  const reader = new OptionReader(
    { In: ['header', 'header:X-Token', 'cookie:t', 'query:t', 'subprotocol', 'message:a.b', 'message'] },
    '#',
  );
  const tokens = createTokenSource({ kind: 'bearer', defaultPlaces: [] }, reader);
  const basic = createBasicSource(new OptionReader({}, '#'));
  const scheme = fc.constantFrom('Bearer ', 'Basic ', 'basic', 'Bearer', 'Basic\t', '');
  const name = fc.constantFrom('Authorization', 'authorization', 'X-Token', 'Cookie', 'Host2');

  /** What the request is called, when it is not read. */
  const verdict = (work: () => unknown): string => {
    try {
      work();
      return 'read';
    } catch (error) {
      if (!isAuthFailure(error)) throw error;
      return error.error;
    }
  };
  const VERDICTS = ['read', 'invalid_request'];

  it('finds credentials or none, or calls the request invalid, whatever its head says', () => {
    const base64 = fc.oneof(
      pieces,
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    );
    const line = fc.tuple(
      name,
      fc.tuple(scheme, base64).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), fc.array(pieces, { maxLength: 3 }), (lines, protocols) => {
        const request = createGatewayRequest({
          kind: 'upgrade',
          method: 'GET',
          target: '/?a=%zz&=',
          rawHeaders: ['Host', 'example.com', ...lines.flat()],
          client: { address: '192.0.2.1', port: 1, tls: false },
        });
        const upgrade = createUpgradeRequest(request, { key: 'x', protocols, extensions: undefined });
        // A source looks at the request alone.
        const exchange = { request: upgrade } as unknown as Exchange;
        expect(VERDICTS).toContain(verdict(() => tokens.find(exchange)));
        expect(VERDICTS).toContain(verdict(() => basic.find(exchange)));
      }),
    );
  });

  it('reads any first message', () => {
    const member = fc.constantFrom('a', 'b', '__proto__', 'constructor');
    const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<JsonValue>('x', 'Bearer y', '', 1, null, true),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(member, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    const data = fc.oneof(
      json.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(data, (bytes) => {
        const message = { type: 'text', data: bytes } as const;
        expect(VERDICTS).toContain(verdict(() => tokens.firstMessage?.read(message)));
      }),
    );
  });
});
