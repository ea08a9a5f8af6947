import { statSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';

import type { Logger } from '@ocelot/core';

/** Editors write twice, or delete and write anew: what comes within this time is one change. */
const SETTLE_MS = 100;

/**
 * Watches configuration files and folders, also files that are not there yet, until the returned function is called.
 * @param changed told which file changed, once things have settled.
 */
export async function watchFiles(
  paths: readonly string[],
  changed: (cause: string) => void,
  log: Logger,
): Promise<() => Promise<void>> {
  // Loaded only with --watch: it opens handles, and most gateways are reloaded by a signal.
  const { watch } = await import('chokidar');
  const named = new Set(paths);
  const folders = new Set(paths.map((path) => (isFolder(path) ? path : dirname(path))));
  const isWanted = (path: string): boolean =>
    folders.has(path) || named.has(path) || (named.has(dirname(path)) && extname(path) === '.json');
  // Folders, not files: a file may be replaced by another one, or not be there yet.
  const watcher = watch([...folders], { ignoreInitial: true, depth: 0, ignored: (path) => !isWanted(path) });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    clearTimeout(timer);
    timer = setTimeout(() => changed(`${basename(path)} changed`), SETTLE_MS);
  });
  watcher.on('error', (error) => log.error({ err: error }, 'a configuration file cannot be watched'));
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
