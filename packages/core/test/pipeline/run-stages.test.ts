import { describe, expect, it } from 'vitest';

import { GatewayError, type Exchange } from '../../src/index.js';
import { runStages, unlessAborted } from '../../src/pipeline/run-stages.js';

const exchange = (signal: AbortSignal = new AbortController().signal): Exchange => ({ signal }) as Exchange;
const forever = (): Promise<void> => new Promise(() => undefined);

describe('runStages', () => {
  it('stays synchronous while no stage returns a promise', () => {
    const ran: string[] = [];
    const stage = (name: string) => ({ name, run: () => void ran.push(name) });
    expect(runStages([stage('a'), stage('b')], exchange())).toBeUndefined();
    expect(ran).toEqual(['a', 'b']);
  });

  it('keeps the order across asynchronous stages', async () => {
    const ran: string[] = [];
    await runStages(
      [
        { name: 'a', run: () => void ran.push('a') },
        { name: 'b', run: async () => void ran.push(await Promise.resolve('b')) },
        { name: 'c', run: () => void ran.push('c') },
      ],
      exchange(),
    );
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  it('passes on what a stage refused with, and runs none after it', async () => {
    const refusal = new GatewayError('OCELOT_ERR_FORBIDDEN');
    let ran = false;
    const after = { name: 'after', run: () => void (ran = true) };
    const refuse = {
      name: 'refuse',
      run: () => {
        throw refusal;
      },
    };
    expect(() => runStages([refuse, after], exchange())).toThrow(refusal);
    await expect(runStages([{ name: 'late', run: () => Promise.reject(refusal) }, after], exchange())).rejects.toBe(
      refusal,
    );
    expect(ran).toBe(false);
  });

  it('answers STAGE_FAILED, naming the stage, for anything else that a stage throws', async () => {
    const fault = new Error('no such table');
    const expected = expect.objectContaining({
      code: 'OCELOT_ERR_STAGE_FAILED',
      status: 500,
      details: { stage: 'broken' },
      cause: fault,
    });
    const broken = {
      name: 'broken',
      run: () => {
        throw fault;
      },
    };
    expect(() => runStages([broken], exchange())).toThrow(expected as Error);
    await expect(runStages([{ name: 'broken', run: () => Promise.reject(fault) }], exchange())).rejects.toEqual(
      expected,
    );
  });

  it('runs no further stage once the client has left', async () => {
    const controller = new AbortController();
    let ran = false;
    const pending = runStages(
      [
        { name: 'a', run: async () => controller.abort() },
        { name: 'b', run: () => void (ran = true) },
      ],
      exchange(controller.signal),
    );
    await expect(pending).rejects.toMatchObject({ code: 'OCELOT_ERR_CLIENT_GONE' });
    expect(ran).toBe(false);
  });
});

describe('unlessAborted', () => {
  it('gives up a stage that ignores the signal', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(forever(), controller.signal);
    controller.abort(new GatewayError('OCELOT_ERR_HANDSHAKE_TIMEOUT'));
    await expect(waiting).rejects.toMatchObject({ code: 'OCELOT_ERR_HANDSHAKE_TIMEOUT', status: 408 });
  });

  it('rejects at once when the signal is aborted already', async () => {
    await expect(unlessAborted(forever(), AbortSignal.abort())).rejects.toMatchObject({
      code: 'OCELOT_ERR_CLIENT_GONE',
    });
  });

  it('gives the result when the work is done first', async () => {
    await expect(unlessAborted(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7);
  });
});
