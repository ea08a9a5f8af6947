import { describe, expect, it } from 'vitest';

import { duplexPair, eventually } from '@ocelot/test-support';
import { Leg, type LegReceiver } from '../../src/transfer/leg.js';

/** Two connected streams; the far one may fail without harm. */
function pair() {
  const [near, far] = duplexPair();
  far.on('error', () => far.destroy());
  return [near, far] as const;
}

/** A receiver that keeps what it was told. */
function recorder() {
  const told: string[] = [];
  const receiver: LegReceiver = {
    bytes: (chunk) => void told.push(`bytes ${chunk.toString()}`),
    drained: () => void told.push('drained'),
    ended: () => void told.push('ended'),
    closed: (error) => void told.push(`closed ${error?.message ?? 'in order'}`),
  };
  return { told, receiver };
}

describe('Leg', () => {
  it('tells bytes, the end and the close in this order', async () => {
    const [near, far] = pair();
    const { told, receiver } = recorder();
    const leg = new Leg(near, receiver);
    far.write('one');
    far.end();
    await eventually(() => leg.hasEnded, 'the end is read');
    leg.finish();
    far.resume();
    await eventually(() => leg.isClosed && told.length === 3, 'the close is told');
    expect(told).toEqual(['bytes one', 'ended', 'closed in order']);
  });

  it('hears an error from the moment it exists, and tells it with the close', async () => {
    const [near] = pair();
    const { told, receiver } = recorder();
    const leg = new Leg(near, receiver);
    near.destroy(new Error('read ECONNRESET'));
    await eventually(() => told.length > 0, 'the close is told');
    expect(told).toEqual(['closed read ECONNRESET']);
    expect(leg.write('late')).toBe(true);
  });

  it('is read again once its owner takes more and nobody blocks it, in whatever order', () => {
    const [near, far] = pair();
    const leg = new Leg(near, recorder().receiver);
    leg.block();
    leg.pause();
    leg.resume();
    expect([leg.isPaused, leg.isBlocked]).toEqual([true, true]);
    leg.pause();
    leg.unblock();
    expect([leg.isPaused, leg.isBlocked]).toEqual([true, false]);
    leg.resume();
    expect(leg.isPaused).toBe(false);
    leg.block();
    leg.block();
    leg.unblock();
    expect(leg.isPaused).toBe(true);
    leg.unblockAll();
    expect([leg.isPaused, leg.isBlocked]).toEqual([false, false]);
    leg.pause();
    leg.block();
    leg.unblockAll();
    expect(leg.isPaused).toBe(true);
    leg.destroy();
    far.destroy();
  });

  it('tells its present owner only', async () => {
    const [near, far] = pair();
    const first = recorder();
    const second = recorder();
    const leg = new Leg(near, first.receiver);
    leg.attach(second.receiver);
    far.write('x');
    await eventually(() => second.told.length === 1, 'the bytes are told');
    expect(first.told).toEqual([]);
    leg.destroy();
    far.destroy();
  });

  it('stays half-open after the peer has ended: what is queued still goes out', async () => {
    const [near, far] = pair();
    const chunks: Buffer[] = [];
    far.on('data', (chunk: Buffer) => chunks.push(chunk));
    const leg = new Leg(near, recorder().receiver);
    far.end();
    await eventually(() => leg.hasEnded, 'the end is read');
    leg.write('tail');
    leg.finish();
    await eventually(() => Buffer.concat(chunks).toString() === 'tail', 'the tail arrives');
    expect(leg.write('after the end')).toBe(true);
  });

  it('asks its source to wait when the peer does not read, and tells when it may go on', async () => {
    const [near, far] = pair();
    const { told, receiver } = recorder();
    const leg = new Leg(near, receiver);
    expect(leg.write(Buffer.alloc(100_000))).toBe(false);
    expect(leg.bytesQueued).toBe(100_000);
    far.resume();
    await eventually(() => told.includes('drained'), 'the queue is empty');
    leg.destroy();
  });

  it('says whether the peer is held back', () => {
    const [near] = pair();
    const leg = new Leg(near, recorder().receiver);
    expect(leg.isPaused).toBe(false);
    leg.pause();
    expect(leg.isPaused).toBe(true);
    leg.resume();
    expect(leg.isPaused).toBe(false);
    leg.destroy();
  });
});
