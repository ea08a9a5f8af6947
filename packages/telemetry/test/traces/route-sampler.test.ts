import { ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';

import { RouteSampler, withSampleRatio } from '../../src/traces/route-sampler.js';

const LOW = '00000001000000000000000000000001';
const HIGH = 'ffffffff0000000000000000fffffff0';
const sampler = new RouteSampler();
const isRecorded = (context: typeof ROOT_CONTEXT, traceId: string): boolean =>
  sampler.shouldSample(context, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;

describe('RouteSampler', () => {
  it('records everything where no ratio is given', () => {
    expect(isRecorded(ROOT_CONTEXT, HIGH)).toBe(true);
  });

  it('records the share that the route wants, by the id of the trace', () => {
    const half = withSampleRatio(ROOT_CONTEXT, 0.5);
    expect(isRecorded(half, LOW)).toBe(true);
    const none = withSampleRatio(ROOT_CONTEXT, 0);
    expect(isRecorded(none, LOW)).toBe(false);
  });

  it.each([
    [TraceFlags.SAMPLED, true],
    [TraceFlags.NONE, false],
  ])('does as the caller says: flags %i', (traceFlags, expected) => {
    const parent = { traceId: LOW, spanId: 'b7ad6b7169203331', traceFlags };
    const context = trace.setSpanContext(withSampleRatio(ROOT_CONTEXT, expected ? 0 : 1), parent);
    expect(isRecorded(context, LOW)).toBe(expected);
  });
});
