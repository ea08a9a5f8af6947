import type { BalancingContext } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';

/** A context whose clock the test moves. Random numbers are always 0: no policy here uses them. */
export function balancingContext(): BalancingContext & { readonly clock: FakeClock } {
  return { clock: new FakeClock(), random: () => 0 };
}
