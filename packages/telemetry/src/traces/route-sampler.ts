import { type Context, createContextKey, isSpanContextValid, trace, TraceFlags } from '@opentelemetry/api';
import {
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';

const RATIO = createContextKey('ocelot.sample-ratio');

/** Says which share of the traces that begin in `context` is recorded; for {@link RouteSampler}. */
export function withSampleRatio(context: Context, ratio: number | undefined): Context {
  return ratio === undefined ? context : context.setValue(RATIO, ratio);
}

/**
 * Decides as the parent did; of traces that begin here it records the share that the route wants. The decision hangs on
 * the id of the trace, so that other samplers of the same share decide alike.
 */
export class RouteSampler implements Sampler {
  /** By ratio: there are as many as the configuration has. */
  readonly #samplers = new Map<number, TraceIdRatioBasedSampler>();

  shouldSample(context: Context, traceId: string): SamplingResult {
    const parent = trace.getSpanContext(context);
    if (parent !== undefined && isSpanContextValid(parent)) {
      const isSampled = (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
      return { decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    }
    const ratio = context.getValue(RATIO);
    return this.#samplerOf(typeof ratio === 'number' ? ratio : 1).shouldSample(context, traceId);
  }

  toString(): string {
    return 'RouteSampler';
  }

  #samplerOf(ratio: number): TraceIdRatioBasedSampler {
    const known = this.#samplers.get(ratio);
    if (known !== undefined) return known;
    const sampler = new TraceIdRatioBasedSampler(ratio);
    this.#samplers.set(ratio, sampler);
    return sampler;
  }
}
