import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { CutBytes } from './byte-arbitraries.js';
import { readSeeds } from './seeds.js';

/** `npm run fuzz` sets it, with a seed of its own in FC_SEED. */
const TIMES = Number(process.env['FUZZ_TIMES'] ?? 1);

/** How one reader is fuzzed. */
export interface FuzzTarget {
  /** Of the corpus: `corpus/<name>.json`. */
  readonly name: string;
  readonly inputs: fc.Arbitrary<CutBytes>;
  /** In one test run; a fuzzing run multiplies it. */
  readonly runs: number;
  /** Fails when a promise is broken. */
  readonly check: (input: CutBytes) => Promise<void> | void;
}

/** Examines the seeds, whole and byte by byte, then inputs that nobody thought of. */
export function fuzz(target: FuzzTarget): void {
  const { name, inputs, runs, check } = target;
  describe('keeps its promises', () => {
    it.each(readSeeds(name).map((seed) => [seed.name, seed.bytes] as const))('for %s', async (_, bytes) => {
      expect.hasAssertions();
      await check({ bytes, cuts: [] });
      if (bytes.length < 2000) await check({ bytes, cuts: Array.from(bytes.keys()) });
      await check({ bytes, cuts: [Math.floor(bytes.length / 2)] });
    });

    it(`for ${runs} generated inputs (FC_SEED, npm run fuzz)`, { timeout: 60_000 * TIMES }, async () => {
      expect.hasAssertions();
      const property = fc.asyncProperty(inputs, async (input) => {
        await check(input);
      });
      const result = await fc.check(property, { numRuns: runs * TIMES });
      if (!result.failed) return;
      const found = result.counterexample?.[0];
      throw new Error(
        `${String(result.errorInstance)}\nFor test/fuzz/corpus/${name}.json (cuts: ${JSON.stringify(found?.cuts)}):\n` +
          JSON.stringify({ name: `found by FC_SEED=${result.seed}`, hex: found?.bytes.toString('hex') }),
        { cause: result.errorInstance },
      );
    });
  });
}
