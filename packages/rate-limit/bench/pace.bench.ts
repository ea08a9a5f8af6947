// What a frame costs on a route with limits: run with `npx vitest bench --run --project rate-limit`.
import { bench, describe } from 'vitest';

import { BytePace } from '../src/stream/byte-pace.js';
import { tapped } from '../test/stream/tapped.js';

const PLENTY = { perSecond: 1e12, burst: 1e12 };

describe('a frame within its limits', () => {
  const one = tapped([PLENTY]).pace;
  const three = tapped([PLENTY, PLENTY, PLENTY]).pace;
  const kept = tapped([PLENTY], { unit: 'bytes' });
  const bytes = new BytePace(kept.pace, kept.clock, () => 0);
  bench('messages, one rate', () => one.spend(1));
  bench('messages, three rates', () => three.spend(1));
  bench('bytes, one rate', () => bytes.frame(1000));
});
