/** Whose fault it is: the client's, the backend's, or ours. */
export type ErrorSource = 'client' | 'backend' | 'gateway';

/** One row of the catalogue. */
export interface ErrorCatalogueEntry {
  /** Answer before the 101; 0: nothing can be answered. */
  readonly status: number;
  /** Close code after the 101; undefined: it cannot happen then. */
  readonly closeCode: number | undefined;
  readonly source: ErrorSource;
  /** One sentence for the client; the cause goes to the log only. */
  readonly message: string;
  /** What somebody who runs the gateway can do about it. */
  readonly remedy: string;
}
