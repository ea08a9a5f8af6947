import type { BalancingContext, GatewayMember } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';

/** A context whose clock the test moves. Random numbers are always 0: no policy here uses them. */
export function balancingContext(
  member?: GatewayMember,
  service?: string,
): BalancingContext & { readonly clock: FakeClock } {
  return {
    clock: new FakeClock(),
    random: () => 0,
    ...(member === undefined ? {} : { member }),
    ...(service === undefined ? {} : { service }),
  };
}
