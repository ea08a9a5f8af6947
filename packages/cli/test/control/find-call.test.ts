import { describe, expect, it } from 'vitest';

import { findCall } from '../../src/control/find-call.js';

const call = (method: 'GET' | 'POST' | 'DELETE', path: string) => ({ method, path, description: '' });
const CALLS = [
  call('GET', '/metrics'),
  call('POST', '/sessions/{id}/token'),
  call('DELETE', '/sessions/{id}'),
  call('GET', '/sessions/{id}'),
  call('GET', '/sessions/all'),
];

describe('findCall', () => {
  it('finds a call by method and path', () => {
    expect(findCall(CALLS, 'GET', '/metrics')).toEqual({ kind: 'found', call: CALLS[0], params: {} });
  });

  it('decodes the values of placeholders, one segment each', () => {
    expect(findCall(CALLS, 'POST', '/sessions/a%2Fb%20c/token')).toMatchObject({ params: { id: 'a/b c' } });
  });

  it('prefers a path without placeholders', () => {
    expect(findCall(CALLS, 'GET', '/sessions/all')).toMatchObject({ call: CALLS[4] });
  });

  it('takes HEAD for GET', () => {
    expect(findCall(CALLS, 'HEAD', '/metrics')).toMatchObject({ kind: 'found', call: CALLS[0] });
  });

  it('names the methods of a path that is called by another one', () => {
    expect(findCall(CALLS, 'PUT', '/sessions/7')).toEqual({ kind: 'other-method', methods: ['DELETE', 'GET'] });
  });

  it.each(['/', '/metrics/', '/metric', '/sessions//token', '/sessions/%', '/sessions/1/token/2', ''])(
    'knows no call at %j',
    (path) => {
      expect(findCall(CALLS, 'POST', path)).toEqual({ kind: 'unknown' });
    },
  );
});
