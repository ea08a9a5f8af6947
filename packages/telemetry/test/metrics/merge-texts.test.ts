import { describe, expect, it } from 'vitest';

import { mergeTexts } from '../../src/metrics/merge-texts.js';

const text = (worker: number): string =>
  [
    '# HELP a_total Of a.',
    '# UNIT a_total s',
    '# TYPE a_total counter',
    `a_total{ocelot_worker="${worker}"} ${worker}`,
    '',
    '# HELP b Of b.',
    '# TYPE b gauge',
    `b{x="#1",ocelot_worker="${worker}"} 1`,
    '',
  ].join('\n');

describe('mergeTexts', () => {
  it('says what a metric is once, and keeps the series of each worker', () => {
    expect(mergeTexts([text(0), text(1)])).toBe(
      [
        '# HELP a_total Of a.',
        '# UNIT a_total s',
        '# TYPE a_total counter',
        'a_total{ocelot_worker="0"} 0',
        'a_total{ocelot_worker="1"} 1',
        '',
        '# HELP b Of b.',
        '# TYPE b gauge',
        'b{x="#1",ocelot_worker="0"} 1',
        'b{x="#1",ocelot_worker="1"} 1',
        '',
      ].join('\n'),
    );
  });

  it('keeps what only one worker has', () => {
    const alone = '# HELP c Of c.\n# TYPE c gauge\nc 1\n';
    expect(mergeTexts([text(0), alone])).toContain('# HELP c Of c.\n# TYPE c gauge\nc 1\n');
  });
});
