import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { figure, tableOf } from '../table.mjs';

const { scenarios } = JSON.parse(readFileSync(new URL('fixed-results.json', import.meta.url), 'utf8'));

describe('figure', () => {
  it.each([
    [0.456, '0.46'],
    [12.34, '12.3'],
    [1234.5, '1,235'],
    [Number.NaN, '-'],
  ])('shows %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });
});

describe('tableOf', () => {
  it('shows medians with their spread, and marks a target whose samples were disturbed', () => {
    const lines = tableOf('e64', scenarios.e64).split('\n');
    expect(lines[1]).toBe('e64: echo 64 B, 64 connections');
    expect(lines.find((line) => line.startsWith('nginx'))).toMatch(/ 9\.00 +8\.00 – 10\.0 +85,000 .* 0\.90 ! +0$/);
    expect(lines.find((line) => line.startsWith('httpxy'))).toMatch(/ 0\.00 +1$/);
  });

  it('shows ratios with their goals', () => {
    const text = tableOf('idle5k', scenarios.idle5k);
    expect(text).toContain('ocelot-framed / nginx = 0.50 (0.50 – 0.50), goal 0.6: met');
  });
});
