import type { Endpoint, ErrorCode, GatewayError, Route, Session, SessionSummary, TransferCount } from '@ocelot/core';
import { headerValues } from '@ocelot/relay-kit';

/** Whether an answer is a stream of server-sent events, which ends when somebody ends it. */
export function isEventStream(rawHeaders: readonly string[]): boolean {
  const [contentType] = headerValues(rawHeaders, 'content-type');
  return contentType !== undefined && /^text\/event-stream(?:\s*;|\s*$)/i.test(contentType);
}

/** What ends an event stream, and how. */
export interface EventStreamInit {
  readonly id: string;
  readonly route: Route;
  readonly endpoint: Endpoint;
  readonly openedMs: number;
  /** Ends the answer as a whole one: clients connect again (HTML Standard, §9.2.3). */
  readonly end: () => void;
  /** Breaks it off; without a reason when the gateway closes. */
  readonly cut: (error?: GatewayError) => void;
  /** Bytes of the bodies so far. */
  readonly bytesFromClient: () => number;
  readonly bytesFromBackend: () => number;
}

/**
 * An event stream as a session: it is counted, and asked to leave when the gateway drains, spread over time as sockets
 * are, so that clients do not come back in one wave.
 */
export class EventStream implements Session {
  readonly id: string;
  readonly route: Route;
  readonly closed: Promise<SessionSummary>;
  readonly #init: EventStreamInit;
  #settle: (summary: SessionSummary) => void = () => undefined;
  #isOurs = false;

  constructor(init: EventStreamInit) {
    this.#init = init;
    this.id = init.id;
    this.route = init.route;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get fromClient(): TransferCount {
    return { bytes: this.#init.bytesFromClient(), messages: 0 };
  }
  get fromBackend(): TransferCount {
    return { bytes: this.#init.bytesFromBackend(), messages: 0 };
  }

  /** There is no frame to say why: the answer breaks off, so that nobody takes it for one that ended in order. */
  close(error: GatewayError): void {
    this.#isOurs = true;
    this.#init.cut(error);
  }

  drain(): void {
    this.#isOurs = true;
    this.#init.end();
  }

  destroy(): void {
    this.#isOurs = true;
    this.#init.cut();
  }

  /** The answer is over. Idempotent. */
  settle({ nowMs, errorCode }: { readonly nowMs: number; readonly errorCode: ErrorCode | undefined }): void {
    const { id, route, endpoint, openedMs } = this.#init;
    const { fromClient, fromBackend } = this;
    this.#settle({
      exchangeId: id,
      routeId: route.id,
      endpoint,
      closedBy: this.#isOurs ? 'gateway' : errorCode === 'OCELOT_ERR_CLIENT_GONE' ? 'client' : 'backend',
      closeCode: undefined,
      closeReason: '',
      errorCode,
      durationMs: nowMs - openedMs,
      fromClient,
      fromBackend,
    });
  }
}
