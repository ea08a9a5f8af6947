import { findProgram, type ProgramName } from '../../../debian/fetch.mjs';

/** A program that runs here. */
export interface NeededProgram {
  readonly path: string;
  /** The whole environment to start it with. */
  readonly environment: NodeJS.ProcessEnv;
  /** What it says of its version. */
  readonly version: string;
}

/**
 * A program that npm does not carry, taken from the machine or from Debian. Where it cannot be had, says so in one loud
 * line and returns undefined; use it as `describe.skipIf(program === undefined)`.
 * @throws Error when it cannot be had and the environment variable CI is set: there a skip is a failure.
 */
export async function neededProgram(name: ProgramName): Promise<NeededProgram | undefined> {
  const found = await findProgram(name);
  if ('path' in found) {
    const { path, version, environment } = found;
    return { path, version, environment: { ...process.env, ...environment } };
  }
  if (process.env['CI']) throw new Error(`no ${name}, and in CI nothing is skipped: ${found.reason}`);
  process.stderr.write(`\nSKIPPED: every test that needs ${name}. ${found.reason}\n`);
  return undefined;
}
