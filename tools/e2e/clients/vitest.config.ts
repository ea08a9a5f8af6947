import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `npm run test:clients`: the files that `npm test` runs too, and those that take too long for it. */
export default defineConfig({
  test: {
    name: 'clients',
    root: here('.'),
    include: ['{quick,full}/**/*.test.ts'],
    // Node reads it once, at its start: vitest starts the workers with it.
    env: { NODE_EXTRA_CA_CERTS: here('./certificate.pem') },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
