import { describe, expect, it } from 'vitest';

import { watchSignals } from '../src/signals.js';
import { scriptedTerminal } from './scripted-terminal.js';

describe('watchSignals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('takes the first %s as the wish to stop in order', async (signal) => {
    const terminal = await scriptedTerminal();
    const signals = watchSignals(terminal, () => undefined);

    terminal.send(signal);

    expect(await signals.stop).toBe(signal);
  });

  it('takes a second one, of either kind, as the wish to end at once', async () => {
    const terminal = await scriptedTerminal();
    const signals = watchSignals(terminal, () => undefined);
    const order: string[] = [];
    void signals.force.then(() => order.push('forced'));

    terminal.send('SIGTERM');
    await signals.stop;
    order.push('stopping');
    terminal.send('SIGINT');
    await signals.force;

    expect(order).toEqual(['stopping', 'forced']);
  });

  it('asks for a reload at each SIGHUP, and for nothing else', async () => {
    const terminal = await scriptedTerminal();
    let reloads = 0;
    watchSignals(terminal, () => {
      reloads += 1;
    });

    terminal.send('SIGHUP');
    terminal.send('SIGHUP');
    terminal.send('SIGTERM');

    expect(reloads).toBe(2);
  });

  it('gives the signals back when closed', async () => {
    const terminal = await scriptedTerminal();
    const signals = watchSignals(terminal, () => undefined);
    expect(terminal.listeners()).toBe(3);

    signals.close();

    expect(terminal.listeners()).toBe(0);
  });
});
