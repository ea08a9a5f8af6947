// Runs the RFC 6455 suite of tools/e2e/conformance by hand: npm run conformance -- --help
//
// Why it exists: the suite is TypeScript and runs in the tests. Somebody who changes the relay wants its answer about
// one case in a second, and a table of all of them; Node 20 reads no TypeScript, so Vite loads it.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { runnerImport } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

if (!existsSync(path('../packages/cli/dist/bin.js'))) {
  console.error('conformance: nothing is built yet. Run: npm run build');
  process.exit(1);
}

const { module } = await runnerImport(path('e2e/conformance/main.ts'), {
  configFile: false,
  logLevel: 'error',
  resolve: { alias: { '@ocelot/test-support': path('test-support/src/index.ts') } },
});
const { text, exitCode } = await module.conformance(process.argv.slice(2));
process.stdout.write(`${text}\n`);
process.exitCode = exitCode;
