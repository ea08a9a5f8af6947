import { describe, expect, it } from 'vitest';

import { type Extension, readExtensions } from '../../src/handshake/extensions.js';

const deflate = (parameters: Extension['parameters'], isWellFormed = true): Extension => ({
  name: 'permessage-deflate',
  parameters,
  isWellFormed,
});

describe('readExtensions', () => {
  it.each<[string, readonly string[], readonly Extension[]]>([
    ['nothing in no header', [], []],
    ['nothing in an empty header', ['', ' , '], []],
    ['a name alone, in lower case', ['PerMessage-Deflate'], [deflate([])]],
    [
      'parameters with and without values, blanks around them',
      ['permessage-deflate ; server_no_context_takeover;\tclient_max_window_bits=10 '],
      [
        deflate([
          { name: 'server_no_context_takeover', value: undefined },
          { name: 'client_max_window_bits', value: '10' },
        ]),
      ],
    ],
    ['a quoted value as the token in it', ['permessage-deflate; a="1\\2"'], [deflate([{ name: 'a', value: '12' }])]],
    ['a comma inside quotes as part of a value', ['permessage-deflate; a="x,y"'], [deflate([], false)]],
    [
      'several elements over several lines, duplicates kept',
      ['permessage-deflate; a, permessage-deflate', 'x-other; b=1; b=2'],
      [
        deflate([{ name: 'a', value: undefined }]),
        deflate([]),
        {
          name: 'x-other',
          parameters: [
            { name: 'b', value: '1' },
            { name: 'b', value: '2' },
          ],
          isWellFormed: true,
        },
      ],
    ],
  ])('reads %s (RFC 6455 §9.1)', (_, values, extensions) => {
    expect(readExtensions(values)).toEqual(extensions);
  });

  it.each([
    'permessage-deflate;',
    'permessage-deflate; =10',
    'permessage-deflate; a=',
    'permessage-deflate; a="',
    'permessage-deflate; a=""',
    'permessage-deflate; a b',
    'permessage deflate',
    'permessage-deflate; a="b"c',
    'permessage-deflate; a=b\u00a0',
    '; a',
  ])('tells that "%s" breaks the grammar', (text) => {
    expect(readExtensions([text]).map(({ isWellFormed }) => isWellFormed)).toEqual([false]);
  });

  // Attack: a pattern that starts anew at each quote takes seconds for what fits into one head (CVE-2020-7662,
  // CVE-2021-32640). No time is measured: with such a pattern the test does not end.
  it.each([
    ['open quotes and escapes', `"${'\\"'.repeat(5_000_000)}`],
    ['semicolons', 'a'.padEnd(1_000_000, ';')],
    ['blanks', `a${' '.repeat(5_000_000)}b`],
    ['equal signs', `a;${'='.repeat(5_000_000)}`],
  ])('takes time in proportion to a text of %s', (_, text) => {
    expect(readExtensions([text])).toHaveLength(1);
  });
});
