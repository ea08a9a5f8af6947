import { describe, expect, it } from 'vitest';

import { configuration } from '../targets/ocelot.mjs';

describe('the configuration of ours', () => {
  it('sets nothing but the route and, where it is not the default, the mode', () => {
    const [framed] = configuration({ backendPort: 7001 }).Routes;
    expect(framed).toEqual({
      UpstreamPathTemplate: '/bench',
      DownstreamPathTemplate: '/bench',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 7001 }],
    });
    const [opaque] = configuration({ backendPort: 7001, transfer: 'opaque' }).Routes;
    expect(opaque).toEqual({ ...framed, Gateway: { Transfer: 'opaque' } });
  });

  it('puts the measured route behind all others of a large table', () => {
    const { Routes } = configuration({ backendPort: 7001, routes: 10_000 });
    expect(new Set(Routes.map((route) => route.UpstreamPathTemplate)).size).toBe(10_000);
    expect(Routes.at(-1).UpstreamPathTemplate).toBe('/bench');
  });
});
