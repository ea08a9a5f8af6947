import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { METRICS, type MetricDefinition } from '../../src/metrics/catalogue.js';

const GUIDE = new URL('../../../../docs/guides/observe-traces-and-metrics.md', import.meta.url);
const UNITS: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** How the guide tells of a metric. */
function row({ name, kind, unit, description, labels }: MetricDefinition): string {
  const total = kind === 'counter' ? '_total' : '';
  const prometheus = `${name.replaceAll('.', '_')}${UNITS[unit] ?? ''}${total}`;
  const names = labels.map((label) => `\`${label}\``).join(', ');
  return [`\`${name}\``, `\`${prometheus}\``, description, names].join(' | ');
}

describe('METRICS', () => {
  it('stand in the guide, with their names for Prometheus and their labels', () => {
    const rows = readFileSync(GUIDE, 'utf8')
      .split('\n')
      .filter((line) => /^\| `(?:ocelot|http)\./.test(line))
      .map((line) => line.replaceAll(/ +/g, ' ').replace(/^\| /, '').replace(/ ?\|$/, '').trim());
    expect(rows).toEqual(Object.values(METRICS).map((metric) => row(metric).trim()));
  });
});
