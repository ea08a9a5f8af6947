import { describe, expect, it } from 'vitest';

import { readSubprotocols } from '../../src/credentials/subprotocol-token.js';

describe('readSubprotocols', () => {
  it.each([
    [['chat'], [], ['chat'], undefined],
    [['bearer.abc'], ['abc'], [], 'bearer.abc'],
    [['chat', 'bearer.abc'], ['abc'], ['chat'], 'bearer.abc'],
    [['bearer', 'abc'], ['abc'], [], 'bearer'],
    [['chat', 'Bearer', 'abc', 'v2'], ['abc'], ['chat', 'v2'], 'Bearer'],
    [['bearer'], [''], [], 'bearer'],
    [['bearer.a.b-c_d'], ['a.b-c_d'], [], 'bearer.a.b-c_d'],
    [['base64url.bearer.YS9iPQ'], ['a/b='], [], 'base64url.bearer.YS9iPQ'],
    [['base64url.bearer.!!'], [''], [], 'base64url.bearer.!!'],
    [['bearers.abc'], [], ['bearers.abc'], undefined],
    [['bearer.a', 'bearer.b'], ['a', 'b'], [], 'bearer.a'],
    [['bearer', 'bearer.b'], ['bearer.b'], [], 'bearer'],
  ])('takes %j apart: tokens %j, rest %j, answer %j', (offers, tokens, rest, answer) => {
    expect(readSubprotocols(offers, 'bearer')).toEqual({ tokens, rest, answer });
  });

  it('takes a prefix with dots, as Kubernetes has it', () => {
    const offer = `base64url.bearer.authorization.k8s.io.${Buffer.from('opaque:token').toString('base64url')}`;
    expect(readSubprotocols([offer, 'v4.channel.k8s.io'], 'bearer.authorization.k8s.io')).toEqual({
      tokens: ['opaque:token'],
      rest: ['v4.channel.k8s.io'],
      answer: offer,
    });
  });
});
