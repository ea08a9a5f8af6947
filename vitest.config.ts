import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Package tests run on the sources (no build needed); e2e and the examples run what was built.
const sources = [
  { find: /^@ocelot\/core\/testing$/, replacement: source('./packages/core/src/testing/index.ts') },
  {
    find: /^@ocelot\/(core|lb|discovery-consul|relay-kit|ws-relay|http-relay|auth|rate-limit|resilience|telemetry|cli)$/,
    replacement: source('./packages/$1/src/index.ts'),
  },
  { find: /^@ocelot\/test-support$/, replacement: source('./tools/test-support/src/index.ts') },
];

const unit = (name: string) => ({
  extends: true as const,
  resolve: { alias: sources },
  test: { name, root: source(`./packages/${name}`), include: ['test/**/*.test.ts'] },
});

export default defineConfig({
  test: {
    // Tests wait more than they compute: on two cores Vitest's default, one worker, takes 505 s, two take 293 s.
    maxWorkers: '100%',
    // Vitest's default of 5 s is too near to what a busy two-core machine needs to start a process.
    setupFiles: [source('./vitest.setup.ts')],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    dangerouslyIgnoreUnhandledErrors: false,
    coverage: { provider: 'v8', include: ['packages/*/src/**'] },
    projects: [
      ...[
        'core',
        'lb',
        'discovery-consul',
        'relay-kit',
        'ws-relay',
        'http-relay',
        'auth',
        'rate-limit',
        'resilience',
        'telemetry',
        'cli',
      ].map(unit),
      {
        extends: true,
        resolve: { alias: sources.slice(2) },
        test: { name: 'tools', root: source('./tools'), include: ['*/test/**/*.test.{ts,mjs}'] },
      },
      {
        extends: true,
        test: {
          name: 'clients',
          root: source('./tools/e2e/clients'),
          include: ['quick/**/*.test.ts'],
          env: { NODE_EXTRA_CA_CERTS: source('./tools/e2e/clients/certificate.pem') },
        },
      },
      {
        extends: true,
        test: { name: 'examples', root: source('./docs/examples'), include: ['**/*.test.ts'] },
      },
    ],
  },
});
