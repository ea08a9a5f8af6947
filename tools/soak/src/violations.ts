/** One promise that was broken. */
export interface Violation {
  /** What was promised, in a word: `lost`, `altered`, `stuck`, `leak`, … */
  readonly kind: string;
  /** What was seen instead. */
  readonly text: string;
  /** The conversation it was seen in, to be played again with `--only`. */
  readonly conversation?: number;
}

/** So many of one kind are kept; the rest is counted. */
const KEPT = 20;

/** Everything that was promised and not kept. Empty at the end: the soak has passed. */
export class Violations {
  readonly #kept: Violation[] = [];
  readonly #counts = new Map<string, number>();
  readonly #say: (line: string) => void;

  /** @param say Hears of the first ones of each kind at once. */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Takes note, once per call. */
  add(kind: string, text: string, conversation?: number): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count > KEPT) return;
    this.#kept.push({ kind, text, ...(conversation === undefined ? {} : { conversation }) });
    this.#say(`VIOLATION ${kind}${conversation === undefined ? '' : ` in conversation ${conversation}`}: ${text}`);
  }

  get total(): number {
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }
  /** How many there were of each kind. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
  /** The first ones of each kind. */
  get kept(): readonly Violation[] {
    return this.#kept;
  }
}
