import { createGateway, readConfiguration, type Telemetry } from '@ocelot/core';
import { expect, it } from 'vitest';

import { createDiscoveryCheck } from '../src/discovery-check.js';

it('listens no longer than until the start is over, so that requests make no events for it', async () => {
  const check = createDiscoveryCheck();
  const sinks: Telemetry[] = [];
  const gateway = await createGateway({
    config: readConfiguration({}),
    plugins: [
      {
        name: check.plugin.name,
        setup: (registry) => check.plugin.setup({ ...registry, telemetry: (sink) => void sinks.push(sink) }),
      },
    ],
  });
  expect(sinks.map(({ isListening }) => isListening)).toEqual([true]);
  check.assertReached();
  expect(sinks.map(({ isListening }) => isListening)).toEqual([false]);
  await gateway.drain();
});
