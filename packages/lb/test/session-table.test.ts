import { describe, expect, it } from 'vitest';

import { SessionTable } from '../src/session-table.js';

const A = { host: 'a', port: 1 };

describe('SessionTable', () => {
  it('forgets a session when its time is over, and clears it away at the next look', () => {
    const table = new SessionTable({ expiryMs: 100, maxSessions: 10, maxKeyCharacters: 1_000 });
    table.set('s', A, 0, false);
    expect(table.get('s', 99)).toMatchObject(A);
    expect(table.get('s', 100)).toBeUndefined();
    expect(table.size).toBe(0);
  });

  it('forgets the session unused for longest beyond its count', () => {
    const table = new SessionTable({ expiryMs: 100, maxSessions: 2, maxKeyCharacters: 1_000 });
    table.set('one', A, 0, false);
    table.set('two', A, 1, false);
    table.set('one', A, 2, false);
    table.set('three', A, 3, false);
    expect(['one', 'two', 'three'].map((key) => table.get(key, 4) !== undefined)).toEqual([true, false, true]);
  });

  it('stays within its characters when clients send a new long cookie each time', () => {
    const table = new SessionTable({ expiryMs: 100, maxSessions: 1_000, maxKeyCharacters: 10_000 });
    for (let client = 0; client < 100; client += 1) table.set(String(client).padEnd(1_000, 'x'), A, 0, false);
    expect(table.size).toBe(10);
  });

  it('counts the characters of a session once, however often it is used', () => {
    const table = new SessionTable({ expiryMs: 100, maxSessions: 1_000, maxKeyCharacters: 100 });
    for (let use = 0; use < 50; use += 1) table.set('x'.repeat(60), A, 0, false);
    table.set('y'.repeat(40), A, 0, false);
    expect(table.size).toBe(2);
    expect(table.get('y'.repeat(40), 200)).toBeUndefined();
    table.set('z'.repeat(100), A, 200, false);
    expect(table.size).toBe(1);
  });

  it('has news of a session that was learned, when it is new, moves, or was not told for a quarter of its time', () => {
    const table = new SessionTable({ expiryMs: 100, maxSessions: 10, maxKeyCharacters: 1_000 });
    const B = { host: 'b', port: 1 };
    const steps = [
      table.set('s', A, 0, true),
      table.set('s', A, 1, true),
      table.set('s', A, 24, false),
      table.set('s', A, 25, false),
      table.set('s', A, 49, false),
      table.set('s', B, 50, true),
      table.set('s', A, 51, false),
      table.set('s', A, 99, false),
      table.set('s', A, 100, true),
    ];
    expect(steps).toEqual([true, false, false, true, false, true, false, false, true]);
  });
});
