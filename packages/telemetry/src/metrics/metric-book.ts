import { ENDPOINT, type MetricDefinition, type MetricName, METRICS, ROUTE, SERVICE } from './catalogue.js';
import type { RouteNames } from '../settings/route-names.js';
import { type Labels, type LabelValue, Series } from './series.js';

/** Where the values of histograms go; made with an OpenTelemetry meter. */
export type Recorder = (metric: MetricName, value: number, labels: Labels) => void;

/**
 * All values of one gateway. Holds no OpenTelemetry object: meters read it when they collect, so it outlives them and
 * costs nothing while nobody asks.
 */
export class MetricBook {
  readonly #series: Readonly<Record<string, Series>>;
  /** Of the meters in force. */
  readonly #recorders = new Set<Recorder>();
  /** Set by the configuration. */
  maxSeries = 2000;

  /** @param overflowed Called once for each metric that has more combinations of labels than it may have. */
  constructor(overflowed: (metric: string) => void) {
    const entries = Object.entries<MetricDefinition>(METRICS);
    this.#series = Object.fromEntries(
      entries.map(([name, definition]) => [name, new Series(definition, () => this.maxSeries, overflowed)]),
    );
  }

  /** Every metric, in the order of the catalogue. */
  get all(): readonly [name: string, series: Series][] {
    return Object.entries(this.#series);
  }

  of(name: MetricName): Series {
    const series = this.#series[name];
    if (series === undefined) throw new Error(`there is no metric ${name}`);
    return series;
  }

  add(name: MetricName, values: readonly LabelValue[], amount = 1): void {
    this.of(name).add(values, amount);
  }

  /** Puts a value into a histogram. */
  observe(name: MetricName, values: readonly LabelValue[], value: number): void {
    if (this.#recorders.size === 0) return;
    const labels = this.of(name).labels(values);
    for (const record of this.#recorders) record(name, value, labels);
  }

  /**
   * Forgets all that is told of endpoints which are gone.
   * @returns those that still carry something, of which nothing was forgotten.
   */
  forgetEndpoints(gone: ReadonlySet<string>): ReadonlySet<string> {
    const busy = new Set<string>();
    for (const { labels, value } of this.of('inFlight').points) {
      const name = String(labels[ENDPOINT]);
      if (value !== 0 && gone.has(name)) busy.add(name);
    }
    const isForgotten = (labels: Labels): boolean => {
      const name = labels[ENDPOINT];
      return name !== undefined && gone.has(String(name)) && !busy.has(String(name));
    };
    for (const [, series] of this.all) {
      if (series.definition.labels.includes(ENDPOINT)) series.forget(({ labels }) => isForgotten(labels));
    }
    return busy;
  }

  /** Forgets states of routes and services that the configuration does not have any more; what was counted stays. */
  forgetStates(names: Pick<RouteNames, 'hasLabel' | 'hasService'>): void {
    for (const [, series] of this.all) {
      const { kind } = series.definition;
      if (kind !== 'gauge' && kind !== 'sum') continue;
      series.forget(({ labels, value }) => {
        if (kind === 'sum' && value !== 0) return false;
        const [route, service] = [labels[ROUTE], labels[SERVICE]];
        return (
          (route !== undefined && !names.hasLabel(String(route))) ||
          (service !== undefined && !names.hasService(String(service)))
        );
      });
    }
  }

  /** @returns takes the recorder away again. */
  attach(recorder: Recorder): () => void {
    this.#recorders.add(recorder);
    return () => void this.#recorders.delete(recorder);
  }
}
