import { describe, expect, it } from 'vitest';

import { MemoryLogger } from '../../src/testing/memory-logger.js';

describe('MemoryLogger', () => {
  it('keeps lines with level, fields and message, oldest first', () => {
    const log = new MemoryLogger();
    log.debug({ a: 1 }, 'one');
    log.info({}, 'two');
    log.warn({}, 'three');
    log.error({ b: 2 }, 'four');
    expect(log.lines).toEqual([
      { level: 'debug', fields: { a: 1 }, message: 'one' },
      { level: 'info', fields: {}, message: 'two' },
      { level: 'warn', fields: {}, message: 'three' },
      { level: 'error', fields: { b: 2 }, message: 'four' },
    ]);
  });

  it('collects the lines of its children, with the fields of every generation', () => {
    const log = new MemoryLogger();
    log.child({ route: 'r', id: 1 }).child({ id: 2 }).info({ extra: true }, 'deep');
    expect(log.lines).toEqual([{ level: 'info', fields: { route: 'r', id: 2, extra: true }, message: 'deep' }]);
  });
});
