import { within } from '@ocelot/test-support';

/** Whatever takes listeners the way Node's emitters do. */
interface Emitter {
  once(event: string, listener: (...values: never[]) => void): unknown;
}

/** The arguments of the next `event`, waited for within the tests' patience. Listen before what causes it. */
export function nextEvent<T extends readonly unknown[]>(emitter: Emitter, event: string, what = event): Promise<T> {
  const happened = new Promise<T>((resolve) => {
    emitter.once(event, (...values: unknown[]) => resolve(values as unknown as T));
  });
  return within(happened, what);
}

/** Values in the order they came, for whoever asks for the next. */
export class Inbox<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  add(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#values.push(value);
    else waiting(value);
  }

  /** The oldest value nobody took, waited for within the tests' patience; `what` names it in the error. */
  next(what: string): Promise<T> {
    const [value] = this.#values.splice(0, 1);
    if (value !== undefined) return Promise.resolve(value);
    return within(new Promise<T>((resolve) => this.#waiting.push(resolve)), what);
  }
}
