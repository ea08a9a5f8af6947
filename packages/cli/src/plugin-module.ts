import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { CommandError } from './command-error.js';

/** What a package's `exports` may hold: a target, or conditions that lead to one. */
type ExportTarget = string | null | readonly ExportTarget[] | { readonly [condition: string]: ExportTarget };

/** Conditions under which Node resolves an `import`, in no order: the file's own order decides. */
const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'default']);

/**
 * Imports a user's module from a file.
 * @throws CommandError when the file is missing, cannot run here, or fails while it runs.
 */
export async function importFile(file: string, what: string): Promise<Record<string, unknown>> {
  if (!existsSync(file)) throw new CommandError(`${what} ${file} does not exist.`, 'Check the path.');
  if (/\.[mc]?ts$/.test(file) && !runsTypeScript()) {
    const hint = 'Use Node 22.18 or later, or write it as .mjs.';
    throw new CommandError(`${what} ${file}: Node ${process.versions.node} does not run TypeScript.`, hint);
  }
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const hint = missingPackageHint(error) ?? 'Mend the module; it is run as it is.';
    throw new CommandError(`${what} ${file} fails to load: ${messageOf(error)}`, hint, undefined, error);
  }
}

/**
 * Finds what `--plugin SPEC` names: a path (`./x.mjs`, `/x.mjs`), or a package installed beside the configuration or
 * beside the command itself.
 * @throws CommandError naming the command that installs the package.
 */
export function resolvePlugin(spec: string, cwd: string): string {
  if (spec.startsWith('.') || isAbsolute(spec) || existsSync(join(cwd, spec))) return resolve(cwd, spec);
  for (const from of [join(cwd, 'ocelot.json'), import.meta.filename]) {
    const file = resolvePackage(spec, createRequire(from));
    if (file !== undefined) return file;
  }
  throw new CommandError(`The plugin ${spec} is not installed in ${cwd}.`, `Install it: npm install ${spec}`);
}

function resolvePackage(spec: string, require: NodeJS.Require): string | undefined {
  try {
    return require.resolve(spec);
  } catch (error) {
    // A package for `import` alone has nothing that `require` may see; its own manifest says where it begins.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return undefined;
  }
  for (const folder of require.resolve.paths(spec) ?? []) {
    const manifest = join(folder, spec, 'package.json');
    if (!existsSync(manifest)) continue;
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly exports?: ExportTarget };
    const root = isConditions(exports) && '.' in exports ? exports['.'] : exports;
    const target = importTarget(root ?? null);
    if (target !== undefined) return join(dirname(manifest), target);
  }
  return undefined;
}

/** The file an `import` of the package gets, as Node chooses among conditions. */
function importTarget(target: ExportTarget): string | undefined {
  if (typeof target === 'string') return target;
  if (!isConditions(target)) return undefined;
  for (const [condition, next] of Object.entries(target)) {
    const found = CONDITIONS.has(condition) ? importTarget(next) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isConditions(target: ExportTarget | undefined): target is { readonly [condition: string]: ExportTarget } {
  return typeof target === 'object' && target !== null && !Array.isArray(target);
}

/** Whether this Node strips types from `.ts` files (22.18 and later). */
function runsTypeScript(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}

function missingPackageHint(error: unknown): string | undefined {
  const name = /Cannot find package '([^']+)'/.exec(messageOf(error))?.[1];
  return name === undefined ? undefined : `Install it beside the module: npm install ${name}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
