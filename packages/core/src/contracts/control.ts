/** A request to the gateway itself, on its own control address (`Gateway.Admin`), never on that of clients. */
export interface ControlRequest {
  readonly method: string;
  /** Begins with `/`. */
  readonly path: string;
  /** Values of `{placeholders}` of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** At most 1 MiB. */
  readonly body: string;
}

/** What is answered. */
export interface ControlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * A call that whoever runs the gateway can make: metrics, revocations. With several workers each is asked, and `merge`
 * makes one answer of theirs.
 */
export interface ControlEndpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/metrics`, `/sessions/{id}/token`: one segment per placeholder. */
  readonly path: string;
  /** One line, for the list that the control address shows. */
  readonly description: string;
  /**
   * What it does is over with the answer, so that nobody repeats it for a worker that starts later: a call about open
   * sockets. Nothing of its body is kept. @default false: a call that is no GET is repeated
   */
  readonly isMomentary?: boolean;
  /** Must settle within 5 s; what it throws is answered with 500, or with the status of a GatewayError. */
  handle(request: ControlRequest): ControlAnswer | Promise<ControlAnswer>;
  /** Makes one answer of those of all workers, in their order; at least one. @default the first one with the best status */
  merge?(answers: readonly ControlAnswer[]): ControlAnswer;
}
