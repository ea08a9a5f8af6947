import { describe, expect, it } from 'vitest';

import { SessionStores } from '../src/session-stores.js';

const stores = (): SessionStores => new SessionStores({ maxSessions: 10, maxKeyCharacters: 100 });

describe('SessionStores', () => {
  it('gives one table to those who mean the same service, cookie and time', () => {
    const all = stores();
    const one = all.take('/hub', 'sid', 1_000);
    expect(all.take('/hub', 'SID', 1_000).sessions).toBe(one.sessions);
    expect(all.take('/hub', 'sid', 2_000).sessions).not.toBe(one.sessions);
    expect(all.take('/hub', 'other', 1_000).sessions).not.toBe(one.sessions);
    expect(all.take('/shop', 'sid', 1_000).sessions).not.toBe(one.sessions);
  });

  it('gives a table of its own to whoever belongs to no service', () => {
    const all = stores();
    expect(all.take(undefined, 'sid', 1_000).sessions).not.toBe(all.take(undefined, 'sid', 1_000).sessions);
  });

  it('forgets the sessions when the last of them lets go', () => {
    const all = stores();
    const [one, two] = [all.take('/hub', 'sid', 1_000), all.take('/hub', 'sid', 1_000)];
    one.sessions.set('s', { host: 'a', port: 1 }, 0, true);
    one.release();
    one.release();
    expect(two.sessions.size).toBe(1);
    two.release();
    expect(two.sessions.size).toBe(0);
    expect(all.take('/hub', 'sid', 1_000).sessions).not.toBe(one.sessions);
  });
});
