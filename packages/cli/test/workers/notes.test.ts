// Both sides of what the policies of workers tell each other, connected in memory.
import { describe, expect, it } from 'vitest';

import type { Note } from '../../src/workers/gathered-notes.js';
import { NoteHub, type NoteMember } from '../../src/workers/note-hub.js';
import { RemoteNotes } from '../../src/workers/remote-notes.js';

function worker(hub: NoteHub, reads = true): { readonly board: RemoteNotes; readonly member: NoteMember } {
  const member: NoteMember = {
    tellNotes(notes, done) {
      if (!reads) return;
      board.take(notes);
      done();
    },
  };
  const board = new RemoteNotes((notes, done) => {
    hub.report(member, notes);
    done();
  });
  hub.joined(member);
  return { board, member };
}

/** Opens the way of a pool and gathers what is heard there. */
function listen(board: RemoteNotes, pool = 'chat') {
  const heard: string[] = [];
  const channel = board.open(pool, (note) => void heard.push(note));
  return { heard, channel };
}

describe('the notes of several workers', () => {
  it('reach the same pool of every other worker at once, in order, and not the teller', async () => {
    const hub = new NoteHub();
    const [one, two, three] = [worker(hub), worker(hub), worker(hub)].map(({ board }) => listen(board));
    one?.channel.tell('first');
    expect([two?.heard, three?.heard]).toEqual([['first'], ['first']]);
    for (const note of ['second', 'third']) one?.channel.tell(note);
    await expect.poll(() => two?.heard).toEqual(['first', 'second', 'third']);
    expect(one?.heard).toEqual([]);
  });

  it('stay within their pool', () => {
    const hub = new NoteHub();
    const [one, two] = [worker(hub), worker(hub)];
    const [chat, news] = [listen(two.board, 'chat'), listen(two.board, 'news')];
    listen(one.board, 'chat').channel.tell('x');
    expect([chat.heard, news.heard]).toEqual([['x'], []]);
  });

  it('are neither told nor heard by a pool that is closed', () => {
    const hub = new NoteHub();
    const [one, two] = [listen(worker(hub).board), listen(worker(hub).board)];
    two.channel.close();
    two.channel.close();
    one.channel.tell('x');
    two.channel.tell('y');
    expect([one.heard, two.heard]).toEqual([[], []]);
  });

  it('do not pile up for a worker that does not read, and end with one that left', () => {
    const told: Note[][] = [];
    const hub = new NoteHub();
    const silent: NoteMember = { tellNotes: (notes) => void told.push([...notes]) };
    hub.joined(silent);
    const { channel } = listen(worker(hub).board);
    hub.report(
      { tellNotes: () => undefined },
      Array.from({ length: 50_000 }, (_, index) => ['chat', `${index}`]),
    );
    hub.report(
      { tellNotes: () => undefined },
      Array.from({ length: 50_000 }, (_, index) => ['chat', `${index}`]),
    );
    expect(told).toHaveLength(1);
    expect(told[0]?.length).toBeLessThanOrEqual(20_000);
    hub.left(silent);
    channel.tell('x');
    expect(told).toHaveLength(1);
  });
});
