import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { CommandError } from '../command-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { STARTER_CONFIG } from '../starter-config.js';
import type { Terminal } from '../terminal.js';

/**
 * `ocelot init`: writes a commented `ocelot.json` to start from.
 * @throws CommandError when the file is there already and `force` is not given, or cannot be written.
 */
export async function init(
  file: string,
  { force }: { readonly force?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    await writeFile(resolve(terminal.cwd, file), STARTER_CONFIG, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new CommandError(`${file} exists already.`, 'Give --force to replace it, or name another file.');
    throw new CommandError(`${file} cannot be written: ${message}.`, 'Check the folder and its rights.');
  }
  terminal.stdout.write(`wrote ${file}\n`);
  terminal.stderr.write(
    `Next: put your backend into DownstreamHostAndPorts, then run: ocelot run${file === 'ocelot.json' ? '' : ` ${file}`}\n`,
  );
  return EXIT_CODES.done;
}
