/** How an endpoint is asked whether it is well. */
export type HealthCheckType = 'tcp' | 'http' | 'websocket';

/** One range of statuses, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** An active health check as a route asks for it, defaults applied. */
export interface HealthCheckOptions {
  readonly type: HealthCheckType;
  /** Path and query that is asked. */
  readonly path: string;
  readonly intervalMs: number;
  /** Of one check, from the connect to the last byte it waits for. */
  readonly timeoutMs: number;
  /** Good checks in a row after which an endpoint is well again. */
  readonly healthyThreshold: number;
  /** Failed checks in a row after which it is not. */
  readonly unhealthyThreshold: number;
  readonly expectedStatus: readonly StatusRange[];
  readonly headers: Readonly<Record<string, string>>;
  /** Offered in the handshake of a `websocket` check; empty: none. */
  readonly subprotocol: string;
}

/** Reads `200-299`, `401`; undefined when it is neither. */
export function parseStatusRange(text: string): StatusRange | undefined {
  const found = /^\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*$/.exec(text);
  if (found === null) return undefined;
  const from = Number(found[1]);
  const to = Number(found[2] ?? found[1]);
  return from <= to ? { from, to } : undefined;
}

/** Whether the status lies in one of the ranges. */
export function isExpected(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ from, to }) => status >= from && status <= to);
}
