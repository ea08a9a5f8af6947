// Both sides of what workers tell each other about their load, connected in memory.
import { describe, expect, it } from 'vitest';

import { LoadHub, type LoadMember } from '../../src/workers/load-hub.js';
import type { Load } from '../../src/workers/messages.js';
import { RemoteLoads } from '../../src/workers/remote-loads.js';

function worker(hub: LoadHub): { readonly board: RemoteLoads; readonly member: LoadMember } {
  const member: LoadMember = {
    tell(loads, done) {
      board.take(loads);
      done();
    },
  };
  const board = new RemoteLoads((loads, done) => {
    hub.report(member, loads);
    done();
  });
  hub.joined(member);
  return { board, member };
}

describe('the loads of several workers', () => {
  it('show each worker what all others hold, not what it holds itself', async () => {
    const hub = new LoadHub();
    const shares = [worker(hub), worker(hub), worker(hub)].map(({ board }) => board.open('chat', '127.0.0.1:1'));
    shares.forEach((share, index) => share.report(index + 1));
    await expect.poll(() => shares.map(({ foreign }) => foreign)).toEqual([5, 4, 3]);
    for (const share of shares) share.report(0);
    await expect.poll(() => shares.map(({ foreign }) => foreign)).toEqual([0, 0, 0]);
  });

  it('are counted for each pool by itself, although pools share an endpoint', async () => {
    const hub = new LoadHub();
    const [one, two] = [worker(hub), worker(hub)];
    const [chat, news] = [two.board.open('chat', '127.0.0.1:1'), two.board.open('news', '127.0.0.1:1')];
    one.board.open('chat', '127.0.0.1:1').report(3);
    await expect.poll(() => [chat.foreign, news.foreign]).toEqual([3, 0]);
  });

  it('are known to a pool that opens later, and to a worker that joins later', async () => {
    const hub = new LoadHub();
    const [one, two] = [worker(hub), worker(hub)];
    one.board.open('chat', '127.0.0.1:1').report(3);
    await expect.poll(() => two.board.open('chat', '127.0.0.1:1').foreign).toBe(3);
    expect(worker(hub).board.open('chat', '127.0.0.1:1').foreign).toBe(3);
  });

  it('are gone with a worker that crashed', async () => {
    const hub = new LoadHub();
    const [crashing, other] = [worker(hub), worker(hub)];
    const share = other.board.open('chat', '127.0.0.1:1');
    crashing.board.open('chat', '127.0.0.1:1').report(7);
    await expect.poll(() => share.foreign).toBe(7);
    hub.left(crashing.member);
    await expect.poll(() => share.foreign).toBe(0);
  });

  it('hold nothing for an endpoint whose share was closed, whatever is reported after', async () => {
    const hub = new LoadHub();
    const [one, two] = [worker(hub), worker(hub)];
    const closing = one.board.open('chat', '127.0.0.1:1');
    const share = two.board.open('chat', '127.0.0.1:1');
    closing.report(2);
    await expect.poll(() => share.foreign).toBe(2);
    closing.close();
    closing.report(1);
    await expect.poll(() => share.foreign).toBe(0);
  });

  it('are not sent to a worker that does not read: what it missed is gathered into one message', async () => {
    const hub = new LoadHub();
    const told: (readonly Load[])[] = [];
    hub.joined({ tell: (loads) => void told.push(loads) });
    const { board } = worker(hub);
    for (let endpoint = 0; endpoint < 100; endpoint += 1) board.open('chat', `127.0.0.1:${endpoint}`).report(1);
    const share = board.open('chat', '127.0.0.1:7');
    for (let leases = 0; leases < 100; leases += 1) share.report(leases);
    await expect.poll(() => told.length).toBe(1);
  });
});
