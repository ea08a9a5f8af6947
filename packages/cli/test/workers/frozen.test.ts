import { expect, it } from 'vitest';

import { frozen } from '../../src/workers/frozen.js';

it('freezes objects and lists in depth, and leaves plain values as they are', () => {
  const value = frozen({ routes: [{ id: 'chat', tags: ['a'] }], none: null, count: 3 });
  expect(() => Object.assign(value.routes[0] ?? {}, { id: 'news' })).toThrow(TypeError);
  expect(() => value.routes[0]?.tags.push('b')).toThrow(TypeError);
  expect(value).toEqual({ routes: [{ id: 'chat', tags: ['a'] }], none: null, count: 3 });
});
