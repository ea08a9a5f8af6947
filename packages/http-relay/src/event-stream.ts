import type { Endpoint, ErrorCode, Route, Session, SessionSummary } from '@ocelot/core';
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
  /** Breaks it off. */
  readonly cut: () => void;
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
  #isDrained = false;

  constructor(init: EventStreamInit) {
    this.#init = init;
    this.id = init.id;
    this.route = init.route;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  drain(): void {
    this.#isDrained = true;
    this.#init.end();
  }

  destroy(): void {
    this.#init.cut();
  }

  /** The answer is over. Idempotent. */
  close(end: { readonly nowMs: number; readonly bytes: number; readonly errorCode: ErrorCode | undefined }): void {
    const { id, route, endpoint, openedMs } = this.#init;
    this.#settle({
      exchangeId: id,
      routeId: route.id,
      endpoint,
      closedBy: this.#isDrained ? 'gateway' : end.errorCode === 'OCELOT_ERR_CLIENT_GONE' ? 'client' : 'backend',
      closeCode: undefined,
      closeReason: '',
      errorCode: end.errorCode,
      durationMs: end.nowMs - openedMs,
      fromClient: { bytes: 0, messages: 0 },
      fromBackend: { bytes: end.bytes, messages: 0 },
    });
  }
}
