import { describe, expect, it } from 'vitest';

import { LogLedger } from '../src/log-ledger.js';
import { Violations } from '../src/violations.js';

interface Kept {
  readonly ledger: LogLedger;
  readonly violations: Violations;
  readonly log: (line: object) => void;
}

/** A ledger that knows conversation 1, admitted as exchange `x`. */
function kept(mayLackCode = false): Kept {
  const violations = new Violations(() => undefined);
  const ledger = new LogLedger(violations, () => mayLackCode);
  const log = (line: object): void => ledger.take(JSON.stringify({ level: 'info', exchange: 'x', ...line }));
  log({ msg: 'soak admitted', soak: 1 });
  return { ledger, violations, log };
}

const CLOSED = { msg: 'session closed', closedBy: 'client', closeCode: 1000 };

describe('LogLedger', () => {
  it('is content with one line about each end', () => {
    const { ledger, violations, log } = kept();
    log(CLOSED);
    ledger.done(1, true);
    ledger.close();
    expect(violations.kept).toEqual([]);
    expect(ledger.codes).toEqual({ 1000: 1 });
  });

  it('misses a line that never came', () => {
    const { ledger, violations } = kept();
    ledger.done(1, true);
    ledger.close();
    expect(violations.kept[0]?.text).toContain('no line tells');
  });

  it.each([
    ['a session without a code', { msg: 'session closed', closedBy: 'client' }],
    ['a refusal without a code', { msg: 'upgrade refused', status: 502 }],
    ['an error', { ...CLOSED, level: 'error' }],
  ])('notices %s', (_, line) => {
    const { violations, log } = kept();
    log(line);
    expect(violations.total).toBe(1);
  });

  it('lets a session that knows no codes end without one', () => {
    const { violations, log } = kept(true);
    log({ msg: 'session closed', closedBy: 'client' });
    expect(violations.total).toBe(0);
  });

  it('notices a second line about one end, and what is no line of the log', () => {
    const { ledger, violations, log } = kept();
    log(CLOSED);
    log(CLOSED);
    ledger.take('Warning: something');
    expect(violations.counts).toEqual({ log: 2 });
  });
});
