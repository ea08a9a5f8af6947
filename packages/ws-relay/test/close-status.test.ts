import { GatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { closeCodeOfStatus, closeStatusOf } from '../src/close-status.js';

describe('what a Close says of an error', () => {
  it('is its close code and its message', () => {
    const error = new GatewayError('OCELOT_ERR_TOKEN_EXPIRED', { message: 'Too late.' });
    expect(closeStatusOf(error)).toEqual({ code: 4401, reason: 'Too late.' });
  });

  it('is the code that fits its status where it has none, or one that must not be sent (RFC 6455 §7.4)', () => {
    expect(closeStatusOf(new GatewayError('OCELOT_ERR_NO_ENDPOINT')).code).toBe(1013);
    expect(closeStatusOf(new GatewayError('OCELOT_ERR_FORBIDDEN', { closeCode: 1006 })).code).toBe(1008);
  });

  it.each([
    [101, 1014],
    [200, 1014],
    [302, 1014],
    [400, 1008],
    [401, 1008],
    [429, 1008],
    [500, 1011],
    [501, 1011],
    [502, 1014],
    [503, 1013],
    [504, 1014],
    [0, 1011],
  ])('fits status %i with %i (IANA registry of close codes)', (status, code) => {
    expect(closeCodeOfStatus(status)).toBe(code);
  });
});
