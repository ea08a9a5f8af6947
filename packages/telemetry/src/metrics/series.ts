// Hot path: `add` runs a few times per request and per socket, never per frame: one text of its labels, one look-up.
import type { MetricDefinition } from './catalogue.js';

/** Labels with their values; those without a value are left out. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** A value of a label; undefined: the label is left out. */
export type LabelValue = string | number | undefined;

interface Point {
  readonly labels: Labels;
  value: number;
}

const OVERFLOW: Labels = { 'otel.metric.overflow': true };

/**
 * The values of one metric by their labels. Owned by the plugin for as long as it lives, so that a reload does not
 * forget how many sockets are open. Bounded: combinations beyond the limit are counted together.
 */
export class Series {
  readonly definition: MetricDefinition;
  readonly #points = new Map<string, Point>();
  readonly #overflow: Point = { labels: OVERFLOW, value: 0 };
  readonly #limit: () => number;
  readonly #overflowed: (metric: string) => void;
  #hasOverflow = false;

  /** @param overflowed Called once. */
  constructor(definition: MetricDefinition, limit: () => number, overflowed: (metric: string) => void) {
    this.definition = definition;
    this.#limit = limit;
    this.#overflowed = overflowed;
  }

  add(values: readonly LabelValue[], amount: number): void {
    // What goes down went up before: without a place of its own it was counted together with others.
    if (amount < 0 && !this.#points.has(values.join('\0'))) this.#overflow.value += amount;
    else this.#point(values).value += amount;
  }

  set(values: readonly LabelValue[], value: number): void {
    this.#point(values).value = value;
  }

  /** The labels that values are counted under: for histograms, whose numbers the SDK keeps. */
  labels(values: readonly LabelValue[]): Labels {
    return this.#point(values).labels;
  }

  /** Forgets combinations: what they stood for is gone from the configuration or from the registry. */
  forget(isGone: (point: { readonly labels: Labels; readonly value: number }) => boolean): void {
    for (const [key, point] of this.#points) if (isGone(point)) this.#points.delete(key);
  }

  get points(): Iterable<{ readonly labels: Labels; readonly value: number }> {
    return this.#hasOverflow ? [...this.#points.values(), this.#overflow] : this.#points.values();
  }

  #point(values: readonly LabelValue[]): Point {
    const key = values.join('\0');
    const known = this.#points.get(key);
    if (known !== undefined) return known;
    if (this.#points.size >= this.#limit()) return this.#overflown();
    const point = { labels: labelsOf(this.definition.labels, values), value: 0 };
    this.#points.set(key, point);
    return point;
  }

  #overflown(): Point {
    if (!this.#hasOverflow) {
      this.#hasOverflow = true;
      this.#overflowed(this.definition.name);
    }
    return this.#overflow;
  }
}

function labelsOf(names: readonly string[], values: readonly LabelValue[]): Labels {
  const labels: Record<string, string | number> = {};
  names.forEach((name, index) => {
    const value = values[index];
    if (value !== undefined && value !== '') labels[name] = value;
  });
  return labels;
}
