import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { auth } from '@ocelot/auth';
import type { Plugin } from '@ocelot/core';
import { consul } from '@ocelot/discovery-consul';
import { httpRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import { rateLimit } from '@ocelot/rate-limit';
import { resilience } from '@ocelot/resilience';
import { telemetry } from '@ocelot/telemetry';
import { wsRelay } from '@ocelot/ws-relay';

import { CommandError } from './command-error.js';
import type { GatewayDefinition } from './define-gateway.js';
import { importFile, resolvePlugin } from './plugin-module.js';

/** Looked for in the working directory, in this order, when `--config-module` names none. */
const CONFIG_MODULES = ['ocelot.config.mjs', 'ocelot.config.js', 'ocelot.config.ts'] as const;

/** The code side of a gateway. */
export interface LoadedDefinition {
  /** Absolute paths the module's `config` names; undefined when it names none. */
  readonly config: readonly string[] | undefined;
  /** What the command brings, then the module's plugins, then those of `--plugin`. */
  readonly plugins: readonly Plugin[];
}

/**
 * Loads `ocelot.config.mjs` (or the module named) and the plugins of `--plugin`.
 * @throws CommandError when a module is missing, fails, or exports something else.
 */
export async function loadPlugins(options: {
  readonly cwd: string;
  readonly configModule?: string | undefined;
  readonly plugins?: readonly string[] | undefined;
}): Promise<LoadedDefinition> {
  const found = CONFIG_MODULES.map((name) => join(options.cwd, name)).find((file) => existsSync(file));
  const file = options.configModule === undefined ? found : resolve(options.cwd, options.configModule);
  const definition = file === undefined ? {} : await loadDefinition(file);
  const named: Plugin[] = [];
  for (const spec of options.plugins ?? []) named.push(await loadPlugin(spec, options.cwd));
  const own = [...(definition.plugins ?? []), ...named];
  const taken = new Set(own.map((plugin) => plugin.name));
  const config = typeof definition.config === 'string' ? [definition.config] : definition.config;
  return {
    config: file === undefined ? undefined : config?.map((path) => resolve(dirname(file), path)),
    plugins: [...batteries().filter((plugin) => !taken.has(plugin.name)), ...own],
  };
}

/**
 * What the command brings. Stages of one phase run in this order: traces begin before anything can refuse, and who asks
 * too often is refused before tokens are verified.
 */
function batteries(): readonly Plugin[] {
  return [telemetry(), rateLimit(), auth(), resilience(), lb(), consul(), wsRelay(), httpRelay()];
}

async function loadDefinition(file: string): Promise<GatewayDefinition> {
  const { default: definition } = await importFile(file, 'The configuration module');
  const example = 'It ends with: export default defineGateway({ config: ["ocelot.json"], plugins: [] })';
  if (typeof definition !== 'object' || definition === null)
    throw new CommandError(`${file} has no default export that is an object.`, example);
  const { config, plugins } = definition as { config?: unknown; plugins?: unknown };
  const texts = config === undefined || typeof config === 'string' ? [] : config;
  if (!Array.isArray(texts) || texts.some((path) => typeof path !== 'string'))
    throw new CommandError(`${file}: "config" is neither a path nor a list of paths.`, example);
  if (plugins !== undefined && !Array.isArray(plugins))
    throw new CommandError(`${file}: "plugins" is not a list.`, example);
  (plugins ?? []).forEach((plugin: unknown, index: number) => {
    if (!isPlugin(plugin))
      throw new CommandError(
        `${file}: plugins[${index}] is no plugin: it has no name and setup().`,
        typeof plugin === 'function' ? 'Call it: a plugin is what the function returns.' : example,
      );
  });
  return definition;
}

/** A plugin by package name or path: the module's default export, or its `plugin` export, or what that returns. */
async function loadPlugin(spec: string, cwd: string): Promise<Plugin> {
  const file = resolvePlugin(spec, cwd);
  const module = await importFile(file, 'The plugin');
  const exported = module['default'] ?? module['plugin'];
  const plugin: unknown = typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  if (isPlugin(plugin)) return plugin;
  const hint = 'Export it as default or as "plugin": an object with name and setup(), or a function that returns one.';
  throw new CommandError(`The plugin ${spec} (${file}) exports no plugin.`, hint);
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { name, setup } = value as { name?: unknown; setup?: unknown };
  return typeof name === 'string' && typeof setup === 'function';
}
