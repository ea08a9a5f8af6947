// Bundles the soak and runs it: npm run soak -- --help
//
// Why it exists: the soak is TypeScript, Node 20 runs JavaScript, and its probe is a plugin that the built gateway
// loads in a process of its own.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'tsup';

const here = dirname(fileURLToPath(import.meta.url));

await build({
  config: false,
  entry: [join(here, 'src', 'main.ts'), join(here, 'src', 'probe.ts')],
  outDir: join(here, 'dist'),
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  noExternal: [/.*/],
  sourcemap: true,
  clean: true,
  silent: true,
  dts: false,
});

const run = spawn(
  process.execPath,
  ['--enable-source-maps', '--unhandled-rejections=strict', join(here, 'dist', 'main.js'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => run.kill(signal));
run.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
