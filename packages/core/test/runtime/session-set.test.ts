import { describe, expect, it } from 'vitest';

import type { Route, Session, SessionSummary } from '../../src/index.js';
import { SessionSet } from '../../src/runtime/session-set.js';
import { FakeClock } from '../../src/testing/index.js';

interface ScriptedSession extends Session {
  readonly asked: [number, string][];
  readonly destroyed: () => boolean;
  end(): void;
}

function session(options: { leavesWhenAsked?: boolean } = {}): ScriptedSession {
  const asked: [number, string][] = [];
  let destroyed = false;
  let end: () => void = () => undefined;
  const closed = new Promise<SessionSummary>((resolve) => {
    end = () => resolve({} as SessionSummary);
  });
  return {
    id: 's',
    route: { id: 'r' } as Route,
    closed,
    asked,
    destroyed: () => destroyed,
    fromClient: { bytes: 0, messages: 0 },
    fromBackend: { bytes: 0, messages: 0 },
    close: () => end(),
    end: () => end(),
    drain: (code, reason) => {
      asked.push([code, reason]);
      if (options.leavesWhenAsked === true) end();
    },
    destroy: () => {
      destroyed = true;
      end();
    },
  };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

describe('SessionSet', () => {
  it('forgets a session once it is closed', async () => {
    const set = new SessionSet();
    const one = session();
    set.adopt(one);
    expect(set.size).toBe(1);
    one.end();
    await settle();
    expect(set.size).toBe(0);
  });

  it('drains at once when nothing is open', async () => {
    const clock = new FakeClock();
    const drained = await new SessionSet().drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock });
    expect(drained).toEqual({ clean: 0, killed: 0, unfinished: 0 });
  });

  it('spreads the Close frames over the time given, so that clients do not reconnect in one wave', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    const sessions = Array.from({ length: 1000 }, () => session({ leavesWhenAsked: true }));
    for (const each of sessions) set.adopt(each);
    const asked = (): number => sessions.filter((each) => each.asked.length > 0).length;
    const done = set.drain({ deadlineMs: 30_000, spreadMs: 10_000, code: 1012, reason: 'restart', clock });
    expect(asked()).toBe(1);
    clock.advance(5000);
    expect(asked()).toBeGreaterThan(450);
    expect(asked()).toBeLessThan(550);
    clock.advance(5000);
    expect(await done).toEqual({ clean: 1000, killed: 0, unfinished: 0 });
    expect(sessions[0]?.asked).toEqual([[1012, 'restart']]);
    expect(clock.pending).toBe(0);
  });

  it('does not make ten sessions wait for a spread that is meant for thousands', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    for (let index = 0; index < 10; index++) set.adopt(session({ leavesWhenAsked: true }));
    const done = set.drain({ deadlineMs: 30_000, spreadMs: 10_000, code: 1012, reason: 'x', clock });
    clock.advance(100);
    expect(await done).toEqual({ clean: 10, killed: 0, unfinished: 0 });
  });

  it('cuts what is still open at the deadline', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    const stubborn = session();
    set.adopt(stubborn);
    set.adopt(session({ leavesWhenAsked: true }));
    const done = set.drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock });
    await settle();
    clock.advance(1000);
    await settle();
    expect(stubborn.destroyed()).toBe(true);
    expect(await done).toEqual({ clean: 1, killed: 1, unfinished: 0 });
  });

  it('waits for admitted requests, which may be plain ones, until they end', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    const over = [set.admit(), set.admit()];
    let isDrained = false;
    const done = set.drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock }).then((drained) => {
      isDrained = true;
      return drained;
    });
    over[0]?.();
    clock.advance(999);
    await settle();
    expect(isDrained).toBe(false);
    over[1]?.();
    expect(await done).toEqual({ clean: 0, killed: 0, unfinished: 0 });
    expect(clock.pending).toBe(0);
  });

  it('is not held beyond the deadline by a request that never ends, and tells of it', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    set.admit();
    const done = set.drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock });
    clock.advance(1000);
    expect(await done).toEqual({ clean: 0, killed: 0, unfinished: 1 });
    expect(clock.pending).toBe(0);
  });

  it('does not count the request of a session that it cuts as one that did not end', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    const stubborn = session();
    const over = set.admit();
    set.adopt(stubborn);
    void stubborn.closed.then(over);
    set.admit();
    const done = set.drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock });
    clock.advance(1000);
    await settle();
    clock.advance(1000);
    expect(await done).toEqual({ clean: 0, killed: 1, unfinished: 1 });
  });

  it('asks a session that is adopted during the drain to leave at once', async () => {
    const clock = new FakeClock();
    const set = new SessionSet();
    const early = session();
    set.adopt(early);
    const done = set.drain({ deadlineMs: 1000, spreadMs: 0, code: 1012, reason: 'x', clock });
    const late = session({ leavesWhenAsked: true });
    set.adopt(late);
    expect(late.asked).toEqual([[1012, 'x']]);
    early.end();
    expect(await done).toEqual({ clean: 2, killed: 0, unfinished: 0 });
  });
});
