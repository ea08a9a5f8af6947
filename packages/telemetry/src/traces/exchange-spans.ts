// Hot path: once per request and once or twice per socket. Attributes of a span that nobody records are never made.
import {
  type Context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
} from '@opentelemetry/semantic-conventions';
import type { Exchange, FrameObserver, OutgoingHeaders, SessionSummary } from '@ocelot/core';

import { methodLabel } from '../metrics/closed-sets.js';
import type { EventOf, ExchangeTrace, RouteView } from '../observation.js';
import { messageObserver } from './message-events.js';
import { endpointAttributes, isFault, spanName } from './span-attributes.js';
import { writeTraceContext } from './trace-context.js';

const SUBPROTOCOL = 'ocelot.websocket.subprotocol';

/** The spans of one exchange: that of the server, for upgrades its handshake, and one for each attempt. */
export class ExchangeSpans implements ExchangeTrace {
  readonly #tracer: Tracer;
  readonly #exchange: Exchange;
  readonly #view: RouteView;
  readonly #context: Context;
  /** Of an HTTP request, or of a connection; with split spans of its open socket, once that is there. */
  #span: Span;
  /** Undefined for HTTP requests, and once the socket is open. */
  #handshake: { readonly span: Span; readonly context: Context } | undefined;
  #attempt: Span | undefined;
  #attempts = 0;

  /** @param context The one that `span` begins: holds it. */
  constructor(tracer: Tracer, span: Span, context: Context, exchange: Exchange, view: RouteView) {
    this.#tracer = tracer;
    this.#span = span;
    this.#exchange = exchange;
    this.#view = view;
    this.#context = context;
    if (exchange.request.kind === 'upgrade') {
      const handshake = tracer.startSpan('handshake', { kind: SpanKind.INTERNAL }, context);
      this.#handshake = { span: handshake, context: trace.setSpan(context, handshake) };
    }
  }

  get traceId(): string | undefined {
    const context = this.#span.spanContext();
    return isSpanContextValid(context) ? context.traceId : undefined;
  }

  inject(headers: OutgoingHeaders): void {
    writeTraceContext(this.#context, headers);
  }

  attemptStarted({ endpoint }: EventOf<'attempt.started'>): void {
    const { request } = this.#exchange;
    this.#attempt?.end(); // Its end was not told: the relay gave it up.
    this.#attempt = this.#tracer.startSpan(
      spanName(request, undefined),
      {
        kind: SpanKind.CLIENT,
        attributes: {
          [ATTR_HTTP_REQUEST_METHOD]: methodLabel(request.method),
          ...endpointAttributes(endpoint),
          ...(this.#attempts > 0 && { [ATTR_HTTP_REQUEST_RESEND_COUNT]: this.#attempts }),
        },
      },
      this.#handshake?.context ?? this.#context,
    );
    this.#attempts += 1;
  }

  attemptEnded({ status, errorCode, outcome }: EventOf<'attempt.ended'>): void {
    const span = this.#attempt;
    this.#attempt = undefined;
    if (span === undefined) return;
    if (status !== undefined) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
    // Conventions: for clients, 4xx is an error too.
    if (errorCode !== undefined || (status !== undefined && status >= 400)) fail(span, errorCode ?? String(status));
    if (outcome === 'cancelled') span.setAttribute('ocelot.outcome', outcome);
    span.end();
  }

  opened({ subprotocol }: EventOf<'session.opened'>): void {
    const agreed = { [ATTR_HTTP_RESPONSE_STATUS_CODE]: 101, ...(subprotocol && { [SUBPROTOCOL]: subprotocol }) };
    const template = this.#view.template;
    this.#handshake?.span.setAttributes({ ...agreed, 'ocelot.route': this.#view.label, 'http.route': template }).end();
    this.#handshake = undefined;
    this.#span.setAttributes(agreed);
    if (this.#view.settings.longSpans === 'whole') return;
    this.#span.end();
    const attributes = { 'http.route': template, 'ocelot.route': this.#view.label, ...agreed };
    this.#span = this.#tracer.startSpan('websocket', { kind: SpanKind.INTERNAL, attributes }, this.#context);
  }

  note(name: string, attributes: Readonly<Record<string, string | number>> = {}): void {
    this.#span.addEvent(name, attributes);
  }

  closed({ summary }: EventOf<'session.closed'>): void {
    const { closedBy, closeCode, errorCode } = summary;
    if (this.#span.isRecording()) {
      this.#span.addEvent('close', {
        'ocelot.side': closedBy,
        ...(closeCode !== undefined && { 'ocelot.close_code': closeCode }),
      });
      this.#span.setAttributes(sessionAttributes(summary));
    }
    if (errorCode !== undefined) this.#span.setAttribute(ATTR_ERROR_TYPE, errorCode);
    if (errorCode !== undefined && isFault(errorCode)) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }

  finished({ status, errorCode }: EventOf<'request.finished'>): void {
    this.#answered(status, errorCode);
  }

  refused(status: number, code: string | undefined): void {
    this.#answered(status, code);
  }

  observer(random: () => number): FrameObserver | undefined {
    if (!this.#span.isRecording()) return undefined;
    return messageObserver(this.#view.settings.messageEvents, random, ({ direction, type, bytes }) =>
      // Asked for each time: with split spans it is another one by then.
      this.#span.addEvent('message', {
        'ocelot.direction': direction,
        'ocelot.message.type': type,
        'ocelot.message.size': bytes,
      }),
    );
  }

  #answered(status: number, code: string | undefined): void {
    this.#attempt?.end();
    this.#attempt = undefined;
    for (const span of [this.#handshake?.span, this.#span]) {
      if (span === undefined) continue;
      markAnswer(span, status, code);
      span.end();
    }
    this.#handshake = undefined;
  }
}

/** Status of a server span by the HTTP conventions: 5xx is an error, 4xx is the client's. */
export function markAnswer(span: Span, status: number, code: string | undefined): void {
  span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  const isError = status >= 500 || (code !== undefined && status < 400 && isFault(code));
  if (isError) fail(span, code ?? String(status));
  else if (code !== undefined) span.setAttribute(ATTR_ERROR_TYPE, code);
}

function fail(span: Span, type: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function sessionAttributes(summary: SessionSummary): Record<string, string | number> {
  const { closedBy, closeCode, fromClient, fromBackend } = summary;
  return {
    'ocelot.side': closedBy,
    ...(closeCode !== undefined && { 'ocelot.close_code': closeCode }),
    'ocelot.messages.to_backend': fromClient.messages,
    'ocelot.messages.to_client': fromBackend.messages,
    'ocelot.bytes.to_backend': fromClient.bytes,
    'ocelot.bytes.to_client': fromBackend.bytes,
    'ocelot.session.duration_ms': Math.round(summary.durationMs),
  };
}
