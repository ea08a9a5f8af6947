import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * A CommonJS package loaded once more, with module state of its own, as a server in another process has it: of a
 * package that keeps its sessions in a module, all servers of one process would know each other's.
 */
export function ownCopy(name: string): unknown {
  const folder = dirname(require.resolve(`${name}/package.json`)) + sep;
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
  return require(name);
}
