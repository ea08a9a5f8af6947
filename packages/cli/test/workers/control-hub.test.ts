import type { ControlAnswer } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { ControlHub, type ControlMember } from '../../src/workers/control-hub.js';
import type { ToWorker } from '../../src/workers/messages.js';

const text = (body: string): ControlAnswer => ({ status: 200, contentType: 'text/plain', body });
const CALL = { method: 'GET', path: '/x', description: 'd' } as const;
const QUESTION = { method: 'GET', template: '/x', path: '/x', params: {}, query: '', headers: {}, body: '' } as const;

const post = (path: string) => ({ ...QUESTION, method: 'POST', path }) as const;

/** A worker that answers with its number, or not at all; merging joins what it is given. */
function member(hub: ControlHub, worker: number, isSilent = false): ControlMember {
  return {
    worker,
    send(message: ToWorker) {
      if (isSilent) return;
      if (message.type === 'control') {
        const isRefused = message.question.path === '/refused';
        const answer = { ...text(String(worker)), status: isRefused ? 400 : 200 };
        queueMicrotask(() => hub.take(message.id, answer));
      }
      if (message.type === 'mergeControl')
        queueMicrotask(() =>
          hub.take(message.id, text(`${worker}: ${message.answers.map(({ body }) => body).join('+')}`)),
        );
    },
  };
}

function hubOf(...silent: boolean[]) {
  const log = new MemoryLogger();
  const hub = new ControlHub(log, 20);
  const members = silent.map((isSilent, index) => member(hub, index + 1, isSilent));
  for (const one of members.toReversed()) hub.joined(one, [CALL], []);
  return { hub, log, members };
}

describe('ControlHub', () => {
  it('shows the calls that workers answer', () => {
    expect(hubOf(false).hub.calls).toEqual([CALL]);
  });

  it('has the first worker make one answer of all, in the order of the workers', async () => {
    expect(await hubOf(false, false, false).hub.ask(QUESTION)).toEqual({ answer: text('1: 1+2+3'), missing: [] });
  });

  it('gives the answer of a single worker as it is', async () => {
    expect((await hubOf(false).hub.ask(QUESTION)).answer).toEqual(text('1'));
  });

  it('leaves out who does not answer in time, and says so', async () => {
    const { hub, log } = hubOf(true, false, false);
    expect(await hub.ask(QUESTION)).toEqual({ answer: text('2: 2+3'), missing: [1] });
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { call: 'GET /x', missing: [1] } }]);
  });

  it('does not wait for a worker that ends meanwhile', async () => {
    const log = new MemoryLogger();
    const hub = new ControlHub(log, 60_000);
    const dying = member(hub, 1, true);
    hub.joined(dying, [CALL], []);
    hub.joined(member(hub, 2), [CALL], []);
    const asked = hub.ask(QUESTION);
    hub.left(dying);
    expect(await asked).toEqual({ answer: text('2'), missing: [1] });
  });

  it('answers 503 when no worker answers, and serves nobody when there is none', async () => {
    const { hub, members } = hubOf(true);
    expect((await hub.ask(QUESTION)).answer.status).toBe(503);
    expect(hub.isServing).toBe(true);
    for (const one of members) hub.left(one);
    expect((await hub.ask(QUESTION)).answer.status).toBe(503);
    expect(hub.isServing).toBe(false);
  });

  it('knows what a worker that starts has to be told: what changed something, in order', async () => {
    const { hub } = hubOf(false);
    for (const question of [post('/a'), QUESTION, post('/refused'), post('/b')]) await hub.ask(question);
    expect(hub.told.map(({ path }) => path)).toEqual(['/a', '/b']);
  });

  // A token for an open socket: a worker that starts later has no such socket.
  it('keeps nothing of a call that is over with its answer', async () => {
    const hub = new ControlHub(new MemoryLogger(), 20);
    const renew = { method: 'POST', path: '/sessions/{id}', description: 'd', isMomentary: true } as const;
    hub.joined(member(hub, 1), [CALL, renew], []);
    await hub.ask({ ...post('/sessions/7'), template: renew.path, body: 'secret' });
    await hub.ask(post('/a'));
    expect(hub.told.map(({ path }) => path)).toEqual(['/a']);
  });

  it('tells a worker that has started what was changed meanwhile', async () => {
    const { hub } = hubOf(false);
    await hub.ask(post('/before'));
    const { told } = hub;
    await hub.ask(post('/meanwhile'));
    const heard: string[] = [];
    const late: ControlMember = {
      worker: 2,
      send: (message) => void (message.type === 'control' && heard.push(message.question.path)),
    };
    hub.joined(late, [CALL], told);
    expect(heard).toEqual(['/meanwhile']);
    hub.left(late);
  });

  it('drops an answer that nobody waits for any more', () => {
    expect(() => hubOf(false).hub.take(99, text('late'))).not.toThrow();
  });
});
