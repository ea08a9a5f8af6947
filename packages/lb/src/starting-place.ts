import type { GatewayMember } from '@ocelot/core';

/**
 * Where in a list of `length` a member of a gateway group begins, so that members which know nothing of each other do
 * not all begin with the first: places as far apart as the list allows. A gateway of its own begins at 0.
 */
export function startingPlace(member: GatewayMember | undefined, length: number): number {
  return member === undefined ? 0 : Math.floor((member.index * length) / member.size);
}
