/** A source of random numbers that says the same for the same seed. */
export interface SeededRandom {
  /** A number from 0 up to, but not including, 1. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number;
  /** Whether something happens that happens in `share` (0 to 1) of all cases. */
  chance(share: number): boolean;
  /** One of a list that is not empty. */
  pick<T extends string | number | object>(list: readonly T[]): T;
  /** A source of its own for `name`: what it says does not depend on how much was drawn from this one. */
  fork(name: string | number): SeededRandom;
}

/** Makes a source from a seed: mulberry32, small and good enough to choose faults by; not for keys. */
export function seededRandom(seed: number | string): SeededRandom {
  const origin = typeof seed === 'number' ? seed >>> 0 : hash(0, seed);
  let state = origin;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (share) => next() < share,
    pick(list) {
      const [picked] = list.slice(Math.floor(next() * list.length));
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
    fork: (name) => seededRandom(hash(origin, String(name))),
  };
}

/** FNV-1a over the text, begun with a number, and mixed once more: neighbours like `1` and `2` come far apart. */
function hash(start: number, text: string): number {
  let value = (0x811c9dc5 ^ start) >>> 0;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
