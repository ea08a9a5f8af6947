import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { chartOf } from '../chart.mjs';

const result = JSON.parse(readFileSync(new URL('fixed-results.json', import.meta.url), 'utf8'));

describe('chartOf', () => {
  const chart = chartOf(result);
  const barOf = (value) =>
    Number(new RegExp(`width="([\\d.]+)" height="15" rx="2"/><text[^>]*>${value}<`).exec(chart)?.[1]);

  it('draws a panel for each scenario and a bar for each proxy', () => {
    expect(chart.match(/class="title"/g)).toHaveLength(2);
    expect(chart.match(/<rect class="peer"/g)).toHaveLength(4);
    expect(chart.match(/<rect class="ours"/g)).toHaveLength(2);
  });

  it('leaves out the run without a proxy, which costs none', () => {
    expect(chart).not.toContain('direct');
  });

  it('draws bars as long as their medians', () => {
    expect(barOf('9.00') / barOf('18.0')).toBeCloseTo(0.5, 2);
    expect(barOf('9,000') / barOf('18,000')).toBeCloseTo(0.5, 2);
  });

  it('has colours for light and dark pages and no background of its own', () => {
    expect(chart).toContain('prefers-color-scheme: dark');
    expect(chart.match(/<rect /g)).toHaveLength(6);
  });

  it('escapes what would be markup', () => {
    const odd = { title: 'a < b & c', kind: 'cpu', unit: 'message', targets: { 'x"y': [{ round: 0, value: 1 }] } };
    const text = chartOf({ scenarios: { odd } });
    expect(text).toContain('a &lt; b &amp; c');
    expect(text).toContain('x&quot;y');
  });
});
