/** What the `ocelot` process ends with; printed by `ocelot --help`. */
export const EXIT_CODES = {
  /** Done; after a signal: every socket was closed in order. */
  done: 0,
  /** An unexpected failure: a registry that cannot be reached, a fault of ours, a forced end. */
  failure: 1,
  /** The configuration or the arguments are wrong. */
  invalid: 2,
  /** The port is taken, or this user may not open it. */
  port: 3,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
