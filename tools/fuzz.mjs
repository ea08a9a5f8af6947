// Fuzzes the readers of bytes from outside with new seeds, until its time is over or something breaks:
// `npm run fuzz -- --minutes N [--seed S] [--target NAME]`.
//
// Why it exists: `npm test` examines the same inputs each time, so that a failure is one that everybody can see. This
// looks where nobody looked yet. What it finds is printed as the line for packages/ws-relay/test/fuzz/corpus.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** How many times the inputs of `npm test` one round examines. */
const TIMES = 5;

const USAGE = `npm run fuzz -- [--minutes N] [--seed S] [--target NAME]

  --minutes N    how long, 5 by default; the round that is running is finished
  --seed S       the seed of the first round; each later one adds 1. By default a random one
  --target NAME  only test files whose path contains it: request-head, response-head, frame-scanner, chunked

The seed of each round is printed: FC_SEED=S FUZZ_TIMES=${TIMES} npx vitest run --project ws-relay test/fuzz
examines the same inputs again.
`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '5' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        target: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    });
    if (!(Number(values.minutes) > 0)) throw new Error(`--minutes ${values.minutes} is no time.`);
    if (!Number.isInteger(Number(values.seed))) throw new Error(`--seed ${values.seed} is no whole number.`);
    return values;
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

const { minutes, seed, target, help } = options();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const end = Date.now() + Number(minutes) * 60_000;
for (let round = Number(seed); Date.now() < end; round += 1) {
  console.log(`fuzz: seed ${round}`);
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'ws-relay', `test/fuzz/${target}`],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, FC_SEED: String(round), FUZZ_TIMES: String(TIMES) },
    },
  );
  if (status === 0) continue;
  console.error(`fuzz: seed ${round} fails; the line for the corpus stands above. Keep it: it becomes a test.`);
  process.exit(1);
}
console.log(`fuzz: nothing found in ${minutes} minutes`);
