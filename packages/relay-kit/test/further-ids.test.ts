import { type Exchange, readConfiguration, type Slot, TRACE_ID } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { furtherIds } from '../src/index.js';

function exchangeOf(route: object, traceId?: string): Pick<Exchange, 'get' | 'requestId' | 'route'> {
  const [only] = readConfiguration({
    Routes: [
      {
        UpstreamPathTemplate: '/',
        DownstreamPathTemplate: '/',
        DownstreamHostAndPorts: [{ Host: 'a', Port: 1 }],
        ...route,
      },
    ],
  }).routes;
  if (only === undefined) throw new Error('no route');
  const get = <T>(slot: Slot<T>): T | undefined => (Object.is(slot, TRACE_ID) ? (traceId as T | undefined) : undefined);
  return { route: only, requestId: 'page-7', get };
}

describe('the further ids of an exchange', () => {
  it('are none on a route without RequestIdKey and traces', () => {
    expect(furtherIds(exchangeOf({}))).toEqual({});
  });

  it('are the one of RequestIdKey and that of the trace', () => {
    expect(furtherIds(exchangeOf({ RequestIdKey: 'X-Id' }, 'abc'))).toEqual({ requestId: 'page-7', traceId: 'abc' });
  });
});
