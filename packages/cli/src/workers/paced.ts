/**
 * Runs work that is asked for often: at once when nothing was done lately, else as soon as the last run is over and
 * `intervalMs` have passed since it began. However often it is asked for meanwhile, it runs once.
 * @param work calls `done` when the next run may come; a receiver that does not read delays it for ever, and what
 *   is asked for then costs no memory.
 */
export function paced(intervalMs: number, work: (done: () => void) => void): { request(): void; close(): void } {
  let waits = 0;
  let isWanted = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const over = (): void => {
    waits -= 1;
    if (waits === 0 && isWanted) run();
  };
  const run = (): void => {
    if (isClosed) return;
    isWanted = false;
    waits = 2;
    timer = setTimeout(over, intervalMs).unref();
    work(over);
  };
  return {
    request() {
      if (waits === 0) run();
      else isWanted = true;
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
