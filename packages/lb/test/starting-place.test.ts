import { expect, it } from 'vitest';

import { startingPlace } from '../src/starting-place.js';

it('begins at the first place when a gateway is on its own', () => {
  expect(startingPlace(undefined, 5)).toBe(0);
});

it.each([
  [2, 4, [0, 2]],
  [3, 3, [0, 1, 2]],
  [4, 2, [0, 0, 1, 1]],
  [2, 1, [0, 0]],
])('places %i members over %i endpoints as far apart as they go', (size, length, places) => {
  expect(Array.from({ length: size }, (_, index) => startingPlace({ index, size }, length))).toEqual(places);
});
