import type { Plugin } from '@ocelot/core';

import { type ConfigFiles, readConfigFiles } from './config-files.js';
import { loadPlugins } from './load-plugins.js';
import type { Terminal } from './terminal.js';

/** The flags that say which code takes part; every command that reads a configuration has them. */
export interface PluginFlags {
  readonly configModule?: string | undefined;
  readonly plugin?: readonly string[] | undefined;
}

/** A configuration as it stands on disk, with the plugins it is meant for. */
export interface CommandInputs extends ConfigFiles {
  readonly plugins: readonly Plugin[];
}

/**
 * Reads what the command line names: FILEs, else those of the configuration module, else `ocelot.json`.
 * @throws CommandError
 */
export async function readInputs(
  paths: readonly string[],
  flags: PluginFlags,
  terminal: Terminal,
): Promise<CommandInputs> {
  const definition = await loadPlugins({ cwd: terminal.cwd, configModule: flags.configModule, plugins: flags.plugin });
  const files = await readConfigFiles(paths.length > 0 ? paths : (definition.config ?? []), terminal);
  return { ...files, plugins: definition.plugins };
}
