import { describe, expect, it } from 'vitest';

import { EmptyDoubt } from '../src/empty-doubt.js';

/** How many empty answers are doubted before one is believed, and for how long in all. */
function doubted(doubt: EmptyDoubt): { readonly times: number; readonly ms: number } {
  let ms = 0;
  for (let times = 0; times < 1_000; times += 1) {
    const againMs = doubt.weigh(0);
    if (againMs === undefined) return { times, ms };
    ms += againMs;
  }
  throw new Error('never believed');
}

describe('EmptyDoubt', () => {
  it('believes at once that a service which never had instances has none', () => {
    expect(doubted(new EmptyDoubt())).toEqual({ times: 0, ms: 0 });
  });

  it('asks once more before it believes that the last instance has left', () => {
    const doubt = new EmptyDoubt();
    expect(doubt.weigh(2)).toBeUndefined();
    expect(doubted(doubt)).toEqual({ times: 1, ms: 250 });
    expect(doubted(doubt)).toEqual({ times: 0, ms: 0 });
  });

  it('asks for five seconds after an outage, while agents may register again', () => {
    const doubt = new EmptyDoubt();
    doubt.weigh(2);
    doubt.outage();
    expect(doubted(doubt)).toEqual({ times: 20, ms: 5_000 });
  });

  it('is calm again after an answer with instances', () => {
    const doubt = new EmptyDoubt();
    doubt.weigh(2);
    doubt.outage();
    doubt.weigh(0);
    doubt.weigh(1);
    expect(doubted(doubt)).toEqual({ times: 1, ms: 250 });
  });
});
