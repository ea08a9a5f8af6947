import { CommandError } from './command-error.js';
import type { Terminal } from './terminal.js';

/** Asked in this order; the last two are .NET's own. */
const VARIABLES = ['OCELOT_ENVIRONMENT', 'ASPNETCORE_ENVIRONMENT', 'DOTNET_ENVIRONMENT'] as const;

/**
 * The name of the running environment (`Development`, `Production`, …): decides which `ocelot.{name}.json` is laid over
 * the configuration.
 * @returns undefined when no variable names one.
 * @throws CommandError when the name cannot be part of a file name.
 */
export function environmentName(env: Terminal['env']): string | undefined {
  const variable = VARIABLES.find((name) => (env[name] ?? '').trim() !== '');
  const name = variable === undefined ? undefined : env[variable]?.trim();
  if (name !== undefined && !/^[\w.-]+$/.test(name))
    throw new CommandError(`${variable} is "${name}": no part of a file name.`, 'Use letters, digits, ".", "-", "_".');
  return name;
}
