import type { Tracing } from './observation.js';

/** Where spans and metrics of one configuration go. Loaded and made only when a configuration asks for it. */
export interface Pipeline {
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  /** The text of Prometheus; undefined: not asked for. */
  readonly scrape: (() => Promise<string>) | undefined;
  /** Sends what is left, and lets go of everything. Bounded; never rejected. */
  close(): Promise<void>;
}
