import { describe, expect, it } from 'vitest';

import { ConfigError, createGateway, type FrameTap } from '../../src/index.js';
import { config, route } from '../make-route.js';

const tap = (name: string, forRoute: FrameTap['forRoute']): FrameTap => ({ name, forRoute });
const observing = () => ({ observe: () => ({ frame() {} }) });

const start = (...taps: readonly FrameTap[]) =>
  createGateway({
    config: config([route('/seen'), route('/opaque', { transfer: 'opaque' })]),
    plugins: [{ name: 'taps', setup: (registry) => taps.forEach((one) => registry.tap(one)) }],
  });

describe('a tap on an opaque route', () => {
  it('refuses the configuration: it would be registered and never be called', async () => {
    const error = await start(tap('audit', observing), tap('count', observing)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).issues).toMatchObject([
      { kind: 'TapNeedsFrames', source: 'ocelot.json#/opaque' },
      { kind: 'TapNeedsFrames', source: 'ocelot.json#/opaque' },
    ]);
    expect((error as ConfigError).issues[0]?.message).toContain(
      'the tap "audit" needs frames, and route /opaque is opaque',
    );
  });

  it('is fine when it leaves such routes out', async () => {
    const gateway = await start(tap('audit', ({ transfer }) => (transfer === 'opaque' ? undefined : observing())));
    expect(await gateway.drain({ deadlineMs: 0 })).toMatchObject({ killed: 0 });
  });
});
