import { describe, expect, it } from 'vitest';

import { coresIn } from '../machine.mjs';
import { selfTimes } from '../profile.mjs';
import { countCalls } from '../strace.mjs';

describe('countCalls', () => {
  it('counts by name the calls that began within the time, and no call twice', async () => {
    const lines = [
      '71 1700000000.100000 read(20, ""..., 65536) = 70',
      '71 1700000000.200000 write(21, ""..., 70) = 70',
      '71 1700000000.300000 epoll_pwait(9,  <unfinished ...>',
      '72 1700000000.350000 futex(0x7f, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>',
      '71 1700000000.400000 <... epoll_pwait resumed>[], 1024, 0, NULL, 8) = 0',
      '71 1700000000.500000 read(20, ""..., 65536) = 70',
      '71 1700000001.000001 read(20, ""..., 65536) = 70',
      '71 1700000000.600000 --- SIGUSR1 {} ---',
    ];
    const counts = await countCalls(lines, 1_700_000_000.15, 1_700_000_001);
    expect(Object.fromEntries(counts)).toEqual({ write: 1, epoll_pwait: 1, futex: 1, read: 1 });
  });

  it('reads the lines of a process with one thread', async () => {
    expect([...(await countCalls(['12.500000 sendto(4, "") = 1'], 12, 13))]).toEqual([['sendto', 1]]);
  });
});

describe('selfTimes', () => {
  const node = (id, functionName, url = '', lineNumber = -1) => ({ id, callFrame: { functionName, url, lineNumber } });

  it('adds the time of a function over all its callers, and leaves idle time out of the whole', () => {
    const nodes = [
      node(1, '(idle)'),
      node(2, 'relay', 'file:///somewhere/dist/index.js', 9),
      node(3, '', 'node:net', 0),
      node(4, 'relay', 'file:///somewhere/dist/index.js', 9),
    ];
    const rows = selfTimes({ nodes, samples: [1, 2, 3, 4], timeDeltas: [900, 50, 25, 25] });
    expect(rows).toEqual([
      { where: 'relay  dist/index.js:10', share: 0.75 },
      { where: '(anonymous)  node:net:1', share: 0.25 },
    ]);
  });
});

describe('coresIn', () => {
  it('reads lists as the kernel writes them', () => {
    expect(coresIn('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(coresIn('3')).toEqual([3]);
  });
});
