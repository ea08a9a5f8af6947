import { fileURLToPath } from 'node:url';

import { readOptions, USAGE } from './options.js';
import { describeReport } from './report.js';
import { soak } from './soak.js';

const probe = fileURLToPath(new URL('./probe.js', import.meta.url));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(USAGE);
  else {
    const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
    say(
      `soak: seed ${options.seed}, ${Math.round(options.loadMs / 1000)} s of load, ${options.connections} conversations at a time`,
    );
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    const report = await soak(options, { probe, say, signal: stop.signal });
    process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : describeReport(report));
    process.exitCode = report.violations.total === 0 ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
}
