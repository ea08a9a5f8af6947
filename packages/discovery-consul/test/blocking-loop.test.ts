import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { BlockingLoop, type BlockingLoopOptions } from '../src/blocking-loop.js';
import type { Answer, Question } from '../src/consul-client.js';

/** A loop on a clock of its own; `script` says what comes of each question. */
function stand(
  script: (question: Question, number: number) => Promise<Answer<string>> | Answer<string>,
  options: Partial<BlockingLoopOptions<string>> = {},
) {
  const clock = new FakeClock();
  const asked: { readonly atMs: number; readonly index: number }[] = [];
  const accepted: string[] = [];
  const failures: string[] = [];
  let restarts = 0;
  const loop = new BlockingLoop<string>({
    clock,
    random: () => 1,
    ask: async (question) => {
      asked.push({ atMs: clock.now(), index: question.index });
      return script(question, asked.length);
    },
    accept: (value) => {
      accepted.push(value);
      return undefined;
    },
    failed: (error) => failures.push(error.message),
    restarted: () => {
      restarts += 1;
    },
    ...options,
  });
  return { loop, clock, asked, accepted, failures, restarts: () => restarts };
}

/** Answers when the question is aborted, as a blocking query without news does. */
function blocked({ signal }: Question): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
}

describe('BlockingLoop', () => {
  it('asks from 0 first, then from the index of the last answer', async () => {
    const { loop, clock, asked, accepted } = stand((question, number) => {
      if (number === 1) return { value: 'answer 1', index: 10 };
      if (number > 2) return blocked(question);
      return new Promise((resolve) => {
        clock.setTimer(500, () => resolve({ value: 'answer 2', index: 20 }));
      });
    });
    loop.start();
    await clock.advanceAsync(1_000);
    expect(asked.map(({ index }) => index)).toEqual([0, 10, 20]);
    expect(accepted).toEqual(['answer 1', 'answer 2']);
    loop.stop();
  });

  it('begins again from 0 when the index goes back, and says so', async () => {
    const indexes = [50, 7, 7, 8];
    const { loop, clock, asked, restarts } = stand((question, number) => {
      const index = indexes[number - 1];
      return index === undefined ? blocked(question) : { value: 'same', index };
    });
    loop.start();
    await clock.advanceAsync(10_000);
    expect(asked.map(({ index }) => index)).toEqual([0, 50, 0, 7, 0]);
    expect(restarts()).toBe(1);
    loop.stop();
  });

  it('begins rounds at least 100 ms apart, however fast things change', async () => {
    const { loop, clock, asked } = stand((_, number) => ({ value: 'change', index: number }));
    loop.start();
    await clock.advanceAsync(1_000);
    const rounds = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000];
    expect(asked.map(({ atMs }) => atMs)).toEqual(rounds.flatMap((atMs) => [atMs, atMs]));
    loop.stop();
  });

  it('asks from 0 after a pause and then waits at once: Consul may have restarted meanwhile, with lower indexes', async () => {
    const answers = [13, 14, 5];
    const { loop, clock, asked, restarts } = stand((question, number) => {
      const index = answers[number - 1];
      return index === undefined ? blocked(question) : { value: `answer ${number}`, index };
    });
    loop.start();
    await clock.advanceAsync(1_000);
    expect(asked).toEqual([
      { atMs: 0, index: 0 },
      { atMs: 0, index: 13 },
      { atMs: 100, index: 0 },
      { atMs: 100, index: 0 },
    ]);
    expect(restarts()).toBe(1);
    loop.stop();
  });

  it('asks once a second where answers carry no index', async () => {
    const { loop, clock, asked } = stand(() => ({ value: 'same', index: 0 }));
    loop.start();
    await clock.advanceAsync(3_000);
    expect(asked).toEqual([0, 1_000, 2_000, 3_000].map((atMs) => ({ atMs, index: 0 })));
    loop.stop();
  });

  it('asks once a second where questions are answered at once although nothing is new', async () => {
    const { loop, clock, asked } = stand(() => ({ value: 'same', index: 5 }));
    loop.start();
    await clock.advanceAsync(3_100);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 0, 1_000, 1_000, 2_000, 2_000, 3_000, 3_000]);
    loop.stop();
  });

  it('retries fast after a failure, then slower, but every two seconds at least, from index 0', async () => {
    const { loop, clock, asked, failures } = stand((_, number) => {
      if (number === 1) return { value: 'good', index: 9 };
      throw new Error('away');
    });
    loop.start();
    await clock.advanceAsync(8_000);
    expect(asked.map(({ atMs }) => atMs)).toEqual([0, 0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100]);
    expect(asked.slice(2).every(({ index }) => index === 0)).toBe(true);
    expect(failures).toHaveLength(8);
    loop.stop();
  });

  it('spreads retries over half of the wait', async () => {
    const { loop, clock } = stand(() => Promise.reject(new Error('away')), { random: () => 0 });
    loop.start();
    await clock.advanceAsync(0);
    expect(clock.nextDelayMs).toBe(50);
    loop.stop();
  });

  it('asks again from 0, after the time asked for, what is not believed', async () => {
    const { loop, clock, asked } = stand(() => ({ value: 'doubtful', index: 9 }), { accept: () => 250 });
    loop.start();
    await clock.advanceAsync(600);
    expect(asked).toEqual([0, 250, 500].map((atMs) => ({ atMs, index: 0 })));
    loop.stop();
  });

  it('takes an exception in accept as a failure and goes on', async () => {
    const { loop, clock, failures } = stand(() => ({ value: 'x', index: 1 }), {
      accept: () => {
        throw new Error('cannot read it');
      },
    });
    loop.start();
    await clock.advanceAsync(100);
    expect(failures).toEqual(['cannot read it', 'cannot read it']);
    loop.stop();
  });

  it('is silent and leaves no timer after stop, while asking and while pausing', async () => {
    const asking = stand(blocked);
    asking.loop.start();
    await asking.clock.advanceAsync(10);
    asking.loop.stop();
    asking.loop.stop();
    const pausing = stand(() => ({ value: 'x', index: 0 }));
    pausing.loop.start();
    await pausing.clock.advanceAsync(10);
    pausing.loop.stop();
    expect(pausing.clock.pending).toBe(0);
    await Promise.all([asking, pausing].map(({ clock }) => clock.advanceAsync(60_000)));
    expect(asking.failures).toEqual([]);
    expect(pausing.asked).toHaveLength(1);
  });

  it('tells nobody before start has returned, even when a question fails at once', () => {
    const { loop, failures, accepted } = stand(() => {
      throw new Error('at once');
    });
    loop.start();
    expect([...failures, ...accepted]).toEqual([]);
    loop.stop();
  });
});
