import { describe, expect, it } from 'vitest';

import { type Abortable, RequestSet } from '../src/request-set.js';

function member(): Abortable & { reasons: string[] } {
  const reasons: string[] = [];
  return { place: -1, reasons, abort: ({ code }) => reasons.push(code) };
}

describe('RequestSet', () => {
  it('ends what is under way, and nothing that has left', () => {
    const set = new RequestSet();
    const members = [member(), member(), member(), member()] as const;
    for (const one of members) set.add(one);
    set.delete(members[0]);
    set.delete(members[3]);
    set.delete(members[3]);
    expect(set.size).toBe(2);
    set.close();
    expect(members.map(({ reasons }) => reasons)).toEqual([[], ['OCELOT_ERR_DRAINING'], ['OCELOT_ERR_DRAINING'], []]);
  });

  it('ends at once what comes after it was closed', () => {
    const set = new RequestSet();
    set.close();
    const late = member();
    set.add(late);
    expect(late.reasons).toEqual(['OCELOT_ERR_DRAINING']);
  });
});
