import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { textOf } from '../results.mjs';

const result = JSON.parse(readFileSync(new URL('fixed-results.json', import.meta.url), 'utf8'));

describe('textOf', () => {
  it('is JSON of the same results', () => {
    expect(JSON.parse(textOf(result))).toEqual(result);
  });

  it('gives each sample one line', () => {
    const samples = Object.values(result.scenarios).flatMap(({ targets }) => Object.values(targets).flat());
    expect(textOf(result).match(/\{"round":.*\}/g)).toHaveLength(samples.length);
  });

  it('keeps five digits of a measured figure and all of a whole number', () => {
    const text = textOf({ samples: [{ round: 0, value: 1.23456789, perSecond: 1_234_567 }] });
    expect(JSON.parse(text)).toEqual({ samples: [{ round: 0, value: 1.2346, perSecond: 1_234_567 }] });
  });
});
