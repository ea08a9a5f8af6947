// Builds every package in order, quietly unless something fails.
//
// Why it exists: a newcomer's first command should show its own output, not a build log, and turbo's first-run notice
// and its need of pnpm on PATH should be nobody's problem.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');
const result = spawnSync(join(bin, 'turbo'), ['run', 'build', '--output-logs=errors-only', ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  shell: process.platform === 'win32',
  env: {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  },
});
if (result.error) console.error(`turbo could not be started: ${result.error.message}. Run: node tools/bootstrap.mjs`);
process.exit(result.status ?? 1);
