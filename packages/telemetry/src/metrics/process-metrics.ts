import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { Meter, ObservableCallback } from '@opentelemetry/api';

const DELAYS = [
  { name: 'nodejs.eventloop.delay.mean', what: 'Mean', of: 'mean' },
  { name: 'nodejs.eventloop.delay.p50', what: 'Median', of: 50 },
  { name: 'nodejs.eventloop.delay.p99', what: '99th percentile', of: 99 },
  { name: 'nodejs.eventloop.delay.max', what: 'Maximum', of: 'max' },
] as const;

/**
 * Tells how the process itself is: memory, processor time, delay of its event loop since the last reading.
 * @returns stops the watch over the event loop.
 */
export function watchProcess(meter: Meter): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const memory = meter.createObservableGauge('process.memory.usage', {
    unit: 'By',
    description: 'Resident memory of the process.',
  });
  const cpu = meter.createObservableCounter('process.cpu.time', {
    unit: 's',
    description: 'Processor time of the process.',
  });
  const gauges = DELAYS.map(({ name, what }) =>
    meter.createObservableGauge(name, { unit: 's', description: `${what} of the event loop delay.` }),
  );
  const readMemory: ObservableCallback = (result) => result.observe(process.memoryUsage.rss());
  const readCpu: ObservableCallback = (result) => {
    const { user, system } = process.cpuUsage();
    result.observe(user / 1e6, { 'cpu.mode': 'user' });
    result.observe(system / 1e6, { 'cpu.mode': 'system' });
  };
  const readDelays = DELAYS.map(({ of }): ObservableCallback => {
    return (result) => {
      const nanoseconds = typeof of === 'number' ? delay.percentile(of) : delay[of];
      // Before its first reading the histogram has no mean.
      result.observe(Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      if (of === 'max') delay.reset(); // The last of the four.
    };
  });
  memory.addCallback(readMemory);
  cpu.addCallback(readCpu);
  gauges.forEach((gauge, index) => readDelays[index] && gauge.addCallback(readDelays[index]));
  return () => {
    delay.disable();
    memory.removeCallback(readMemory);
    cpu.removeCallback(readCpu);
    gauges.forEach((gauge, index) => readDelays[index] && gauge.removeCallback(readDelays[index]));
  };
}
