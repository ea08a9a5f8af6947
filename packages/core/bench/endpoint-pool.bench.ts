// What a lease costs: run with `npx vitest bench --run --project core endpoint-pool`.
import { bench, describe } from 'vitest';

import { EndpointPool } from '../src/runtime/endpoint-pool.js';
import { request } from '../test/make-request.js';
import { endpoint } from '../test/make-route.js';

const client = request();

describe.each([1, 10, 100])('lease and release among %i endpoints', (count) => {
  let turn = 0;
  const pool = new EndpointPool({
    pick: (candidates) => {
      const picked = candidates[turn++ % candidates.length];
      if (picked === undefined) throw new Error('candidates is never empty');
      return picked;
    },
  });
  pool.update(Array.from({ length: count }, (_, index) => endpoint(index + 1)));

  bench('lease and release', () => {
    pool.lease(client)?.release();
  });
});
