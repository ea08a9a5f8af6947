import { lstatSync, readdirSync, statSync, unwatchFile, watchFile } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

import type { Logger } from '@ocelot/core';

/** Editors write twice, or delete and write anew: what comes within this time is one change. */
const SETTLE_MS = 100;
/** How often the file behind a symbolic link is looked at. */
const LINK_INTERVAL_MS = 500;

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
  const settle = (path: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => changed(`${basename(path)} changed`), SETTLE_MS);
  };
  const links = watchLinks(paths, settle, log);
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return;
    links.renew();
    settle(path);
  });
  watcher.on('error', (error) => log.error({ err: error }, 'a configuration file cannot be watched'));
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  return async () => {
    links.close();
    clearTimeout(timer);
    await watcher.close();
  };
}

/**
 * Looks at what symbolic links lead to. Kubernetes replaces a mounted file by turning a link that the file's own link
 * passes through: nothing happens to the file's entry in its folder, so no watcher of the folder is told.
 */
function watchLinks(
  paths: readonly string[],
  changed: (path: string) => void,
  log: Logger,
): { readonly renew: () => void; readonly close: () => void } {
  const stops = new Map<string, () => void>();
  const add = (): void => {
    for (const path of paths.flatMap((named) => (isFolder(named) ? jsonFilesOf(named) : [named]))) {
      if (stops.has(path) || lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) continue;
      const listener = (): void => changed(path);
      watchFile(path, { interval: LINK_INTERVAL_MS }, listener);
      stops.set(path, () => unwatchFile(path, listener));
    }
  };
  const renew = (): void => {
    try {
      add();
    } catch (error) {
      log.error({ err: error }, 'a configuration file cannot be watched');
    }
  };
  renew();
  return {
    renew,
    close: () => {
      for (const stop of stops.values()) stop();
    },
  };
}

function jsonFilesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => extname(name) === '.json')
    .map((name) => join(folder, name));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
