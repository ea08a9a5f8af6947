import type { Slot } from '../contracts/exchange.js';

/** Makes a typed place on exchanges for the stages that share it. Two slots are never equal, whatever their names. */
export function createSlot<T>(name: string): Slot<T> {
  return { name };
}
