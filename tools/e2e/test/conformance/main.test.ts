import { describe, expect, it } from 'vitest';

import { conformance } from '../../conformance/main.js';
import { reportText } from '../../conformance/report.js';

describe('npm run conformance', () => {
  it('explains itself', async () => {
    const { text, exitCode } = await conformance(['--help']);
    expect([text.includes('--mode MODE'), exitCode]).toEqual([true, 0]);
  });

  it('lists the cases with their rules, all or some', async () => {
    const all = await conformance(['--list']);
    const some = await conformance(['--list', '--case', 'masking/the key ffffffff']);
    expect(all.text.split('\n').length).toBeGreaterThan(300);
    expect(some).toEqual({ text: 'masking/the key ffffffff (RFC 6455 §5.3)', exitCode: 0 });
  });

  it.each([
    [['--mode', 'telepathy'], 'There is no mode telepathy.'],
    [['--case', 'nothing is called so'], 'No case is called nothing is called so.'],
    [['--speed', '9'], "Unknown option '--speed'"],
  ])('ends with 2 for %j and says what is wrong', async (args, message) => {
    const { text, exitCode } = await conformance(args);
    expect(text).toContain(message);
    expect(exitCode).toBe(2);
  });
});

describe('reportText', () => {
  it('counts each group and names what failed, with its rule and how it was sent', () => {
    const sound = { name: 'framing/one', rule: '§5.2', from: 'client', style: 'early', problems: [] } as const;
    const failed = { ...sound, from: 'backend', problems: ['it is wrong', 'twice'] } as const;
    const other = { ...sound, name: 'utf8/two' } as const;
    const text = reportText([{ mode: 'framed', seconds: 1.25, results: [sound, failed, other] }]);
    expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
      'framed mode, 1.3 s',
      '  group     cases    runs  failed',
      '  framing       1       2       1',
      '  utf8          1       1       0',
      '  FAILED framing/one (§5.2), from the backend, early: it is wrong; twice',
      '',
    ]);
  });
});
