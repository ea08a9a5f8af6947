import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { GatewayRequest, OutgoingHeaders } from '@ocelot/core';

const PROPAGATOR = new W3CTraceContextPropagator();

const REQUEST: TextMapGetter<GatewayRequest> = {
  get: (request, name) => request.header(name),
  keys: () => ['traceparent', 'tracestate'],
};

const HEADERS: TextMapSetter<OutgoingHeaders> = {
  set: (headers, name, value) => headers.set(name, value),
};

/**
 * Reads the trace that a request belongs to (W3C Trace Context §3.2). Several `traceparent` lines, or one that is
 * broken, are none.
 */
export function parentOf(request: GatewayRequest): SpanContext | undefined {
  return trace.getSpanContext(PROPAGATOR.extract(ROOT_CONTEXT, request, REQUEST));
}

/** Writes the trace of a span for the backend: what the client said of another trace is gone. `baggage` stays. */
export function writeTraceContext(context: Context, headers: OutgoingHeaders): void {
  headers.delete('tracestate');
  PROPAGATOR.inject(context, headers, HEADERS);
}
