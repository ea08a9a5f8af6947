import type { Terminal } from './terminal.js';

/** The wishes of whoever runs the process. */
export interface SignalWatch {
  /** Fulfilled by the first SIGTERM or SIGINT, with its name. */
  readonly stop: Promise<'SIGTERM' | 'SIGINT'>;
  /** Fulfilled by the second one: end now, whatever is open. */
  readonly force: Promise<void>;
  /** Gives the signals back. */
  close(): void;
}

/**
 * Watches SIGTERM, SIGINT (stop in order, a second one at once) and SIGHUP (`reload`).
 * @param reload called for each SIGHUP.
 */
export function watchSignals(terminal: Terminal, reload: () => void): SignalWatch {
  const stop = settled<'SIGTERM' | 'SIGINT'>();
  const force = settled<void>();
  let stopping = false;
  const ask = (signal: 'SIGTERM' | 'SIGINT') => (): void => {
    if (stopping) force.resolve();
    stopping = true;
    stop.resolve(signal);
  };
  const subscriptions = [
    terminal.onSignal('SIGTERM', ask('SIGTERM')),
    terminal.onSignal('SIGINT', ask('SIGINT')),
    terminal.onSignal('SIGHUP', reload),
  ];
  return {
    stop: stop.promise,
    force: force.promise,
    close() {
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

/** A promise and its resolver: Promise.withResolvers is newer than the oldest supported Node. */
function settled<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
