import { describe, expect, it } from 'vitest';

import { refusedWith } from '../src/index.js';

describe('what failed where a backend answered', () => {
  it('blames the backend, and says its status', () => {
    expect(refusedWith(503)).toMatchObject({
      code: 'OCELOT_ERR_BACKEND_UNREACHABLE',
      source: 'backend',
      status: 503,
      message: 'The backend answers 503.',
    });
  });
});
