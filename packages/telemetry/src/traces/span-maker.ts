import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { Exchange, GatewayRequest } from '@ocelot/core';

import type { EventOf, ExchangeTrace, RouteView, Tracing } from '../observation.js';
import { ExchangeSpans, markAnswer } from './exchange-spans.js';
import { withSampleRatio } from './route-sampler.js';
import { requestAttributes, spanName } from './span-attributes.js';
import { parentOf } from './trace-context.js';

/** Begins the spans of requests with one tracer. */
export class SpanMaker implements Tracing {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  begin(exchange: Exchange, view: RouteView, isTrusted: boolean): ExchangeTrace {
    const { id, request, clientAddress } = exchange;
    const attributes = requestAttributes(request, view, { exchangeId: id, clientAddress });
    const { span, context } = this.#start(request, view, isTrusted, attributes);
    return new ExchangeSpans(this.#tracer, span, context, exchange, view);
  }

  unmatched(
    event: EventOf<'upgrade.refused' | 'request.refused'>,
    request: GatewayRequest,
    view: RouteView,
    isTrusted: boolean,
  ): void {
    const ids = { exchangeId: event.exchangeId, clientAddress: request.client.address };
    const { span } = this.#start(request, view, isTrusted, requestAttributes(request, view, ids));
    markAnswer(span, event.status, event.errorCode);
    span.end();
  }

  #start(
    request: GatewayRequest,
    view: RouteView,
    isTrusted: boolean,
    attributes: Attributes,
  ): { readonly span: Span; readonly context: Context } {
    const parent = parentOf(request);
    const root = withSampleRatio(ROOT_CONTEXT, view.settings.sampleRatio);
    const outer = parent !== undefined && isTrusted ? trace.setSpanContext(root, parent) : root;
    const span = this.#tracer.startSpan(
      spanName(request, view.template === '' ? undefined : view.template),
      {
        kind: SpanKind.SERVER,
        attributes,
        // A trace that is not continued can still be found from here.
        ...(parent !== undefined && !isTrusted && { links: [{ context: parent }] }),
      },
      outer,
    );
    return { span, context: trace.setSpan(outer, span) };
  }
}
