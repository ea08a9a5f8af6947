/** What the gateway's process says of itself when it is asked. Counts of things that are open or alive right now. */
export interface ProbeReport {
  /** After a full garbage collection. */
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly external: number };
  /** `Gateway.openSessions`. */
  readonly sessions: number;
  /** Exchanges that were admitted and not finished. */
  readonly exchanges: number;
  /** Leases of the endpoints that the probe's balancer has seen. */
  readonly leases: number;
  /** Since the start. */
  readonly opened: number;
  readonly closed: number;
  readonly refused: number;
  /** `process.getActiveResourcesInfo()`, counted by name. */
  readonly resources: Readonly<Record<string, number>>;
  /** Objects alive in the heap, by class. */
  readonly objects: Readonly<Record<string, number>>;
  /** Listeners on the process and on its servers. */
  readonly listeners: number;
  /** Warnings of Node, such as MaxListenersExceededWarning. */
  readonly warnings: readonly string[];
}

/** What the probe is asked with over the process's channel. */
export const ASK = 'soak: report';
