/** When endpoints are left alone because of how their calls end. */
export interface EjectionOptions {
  /** Failed connects or handshakes in a row; 0: they do not count. */
  readonly consecutiveFailures: number;
  /** Share of failures, statuses 500 to 508 included, above 0 to 1; 0: it is not looked at. */
  readonly failureRatio: number;
  /** Calls in the window before the ratio is judged. */
  readonly minimumRequests: number;
  readonly windowMs: number;
  /** How long the first ejection lasts; each further one twice as long. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Most endpoints of a route that may be ejected at once, in percent, rounded down. */
  readonly maxEjectedPercent: number;
  /** A session that its backend cuts this soon after the 101 counts as a failed handshake; 0: it does not. */
  readonly earlyDeathMs: number;
}
