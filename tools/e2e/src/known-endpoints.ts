import { eventually } from '@ocelot/test-support';

import type { RunningOcelot } from './run-ocelot.js';

/** Waits until the instances that discovery last told the gateway of are those at these ports of 127.0.0.1. */
export async function endpointsKnown(
  gateway: RunningOcelot,
  instances: readonly { readonly port: number }[],
): Promise<void> {
  const wanted = String(instances.map(({ port }) => `127.0.0.1:${port}`).toSorted());
  const known = (): string | undefined => {
    const changes = gateway.logs().filter((line) => line.msg === 'endpoints changed');
    return (changes.at(-1)?.endpoints as string[] | undefined)?.toSorted().join(',');
  };
  await eventually(() => known() === wanted, `the gateway knows ${wanted || 'no instance'}`);
}
