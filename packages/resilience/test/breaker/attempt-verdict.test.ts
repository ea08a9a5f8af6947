import { describe, expect, it } from 'vitest';

import { GatewayError } from '@ocelot/core';

import { verdictOf } from '../../src/breaker/attempt-verdict.js';

const answered = (status: number) => verdictOf({ outcome: 'answered', status, error: undefined });

describe('verdictOf', () => {
  it.each([500, 501, 502, 503, 504, 505, 506, 507, 508])('takes %i as a failure (Ocelot)', (status) => {
    expect(answered(status)).toBe('failure');
  });

  it.each([101, 200, 204, 304, 401, 404, 429, 499, 509, 511, 599])('takes %i as a success (Ocelot)', (status) => {
    expect(answered(status)).toBe('success');
  });

  it('takes an endpoint that does not answer, or wrongly, as a failure', () => {
    const error = new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE');
    expect(verdictOf({ outcome: 'failed', status: undefined, error })).toBe('failure');
  });

  it('takes a client that leaves as neither', () => {
    const error = new GatewayError('OCELOT_ERR_CLIENT_GONE');
    expect(verdictOf({ outcome: 'cancelled', status: undefined, error })).toBe('nothing');
  });

  it('takes a handshake whose time the backend used up as a failure', () => {
    const error = new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT');
    expect(verdictOf({ outcome: 'cancelled', status: undefined, error })).toBe('failure');
  });
});
