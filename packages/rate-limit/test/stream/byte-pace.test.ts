import { describe, expect, it } from 'vitest';

import { BytePace } from '../../src/stream/byte-pace.js';
import { tapped } from './tapped.js';

const RATE = { perSecond: 100_000, burst: 100_000 };

/** A byte pace, and a stream whose passed bytes a test sets. */
function stream() {
  const kept = tapped([RATE], { unit: 'bytes' });
  const state = { passed: 0 };
  const bytes = new BytePace(kept.pace, kept.clock, () => state.passed);
  return { ...kept, bytes, state };
}

describe('BytePace', () => {
  it('takes small frames at their header', () => {
    const { bytes, clock, calls } = stream();
    bytes.frame(60_000);
    bytes.frame(60_000);
    clock.advance(200);
    expect(calls).toEqual(['0 pause to-backend', '200 resume to-backend']);
    expect(clock.pending).toBe(0);
  });

  it('takes of a large frame what has passed, not what its header announces', () => {
    const { bytes, clock, calls, state } = stream();
    bytes.frame(2 ** 40);
    clock.advance(100_000);
    expect(calls).toEqual([]);
    state.passed = 65_536 + 150_000;
    clock.advance(1000);
    // 150 000 bytes against a full bucket of 100 000: half a second.
    expect(calls).toHaveLength(1);
    clock.advance(500);
    expect(calls).toHaveLength(2);
    bytes.close();
    expect(clock.pending).toBe(0);
  });

  it('takes the rest of a large frame when the next one begins', () => {
    const { bytes, clock, calls } = stream();
    bytes.frame(265_536);
    bytes.frame(34_464);
    // 300 000 bytes in all, 100 000 of them at once.
    clock.advance(2000);
    expect(calls).toEqual(['0 pause to-backend', '2000 resume to-backend']);
    expect(clock.pending).toBe(0);
  });

  it('takes each byte once, however it is looked at', () => {
    const { bytes, clock, calls, state } = stream();
    bytes.frame(1_000_000);
    for (let step = 1; step <= 10; step += 1) {
      state.passed = step * 100_000;
      clock.advance(50);
    }
    bytes.frame(0);
    clock.advance(20_000);
    expect(calls.at(-1)).toBe('9000 resume to-backend');
    expect(clock.pending).toBe(0);
  });

  it('looks less often at a frame of which little comes, and at once again when much does', () => {
    const { bytes, clock, state } = stream();
    bytes.frame(2 ** 40);
    const looks: (number | undefined)[] = [];
    for (let look = 0; look < 7; look += 1) {
      looks.push(clock.nextDelayMs);
      clock.advance(clock.nextDelayMs ?? 0);
    }
    expect(looks).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
    state.passed = 200_000;
    clock.advance(1000);
    expect(clock.nextDelayMs).toBe(50);
    bytes.close();
  });
});
