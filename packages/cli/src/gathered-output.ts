// Once per log line: under load, one line per connection.

import type { Output } from './terminal.js';

/** Text that is not held back any longer. */
const MOST_CHARACTERS = 65_536;

/**
 * Writes what comes within one turn of the event loop at once: a busy gateway writes several lines a turn, and the
 * system call costs more than the line. Nothing waits longer than the turn.
 * @param atExit Takes what has to be called when the process ends, so that the last lines are there.
 */
export function gatheredOutput(output: Output, atExit: (flush: () => void) => void): Output {
  let pending = '';
  const flush = (): void => {
    if (pending === '') return;
    const text = pending;
    pending = '';
    output.write(text);
  };
  atExit(flush);
  return {
    isTTY: output.isTTY === true,
    write(text) {
      if (pending === '') setImmediate(flush);
      pending += text;
      if (pending.length >= MOST_CHARACTERS) flush();
    },
  };
}
