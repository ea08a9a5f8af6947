import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';

import {
  type ConfigDocument,
  mergeConfigParts,
  overlayConfig,
  overlayEnvironment,
  parseConfigText,
  selectConfigFiles,
} from '@ocelot/core';

import { CommandError } from './command-error.js';
import { environmentName } from './environment-name.js';
import { readLimited } from './read-limited.js';
import type { Terminal } from './terminal.js';

/** A configuration as it was read from disk and environment, not yet understood. */
export interface ConfigFiles {
  readonly document: ConfigDocument;
  /** What was read, in the order of laying over, as named in messages. */
  readonly names: readonly string[];
  /** What to watch, absolute: the files, folders, and the environment's file even if it is not there yet. */
  readonly watched: readonly string[];
}

/** One FILE of the command line, read. */
interface Layer {
  readonly document: ConfigDocument;
  readonly names: readonly string[];
  /** Where this layer's `ocelot.{environment}.json` would be. */
  readonly environmentFile: string | undefined;
}

const DEFAULT_FILE = 'ocelot.json';

/**
 * Reads FILEs as .NET stacks its sources: each lies over those before it, by key and array index; with a single FILE
 * the environment's own file follows (`ocelot.Development.json` beside `ocelot.json`); environment variables
 * (`Routes__0__…`) come last.
 * @param paths relative to `terminal.cwd`; none means `ocelot.json`. A folder is merged as Ocelot merges it.
 * @throws CommandError when a file is missing or cannot be read. What is wrong inside is among the document's issues.
 */
export async function readConfigFiles(paths: readonly string[], terminal: Terminal): Promise<ConfigFiles> {
  const environment = environmentName(terminal.env);
  const wanted = paths.length === 0 ? [DEFAULT_FILE] : paths;
  // What a shell makes of "$CONFIG" when the variable is not set; as a path it would be the working directory.
  if (wanted.includes('')) throw new CommandError('A FILE is named by an empty text.', 'Name an ocelot.json.');
  const layers: Layer[] = [];
  for (const path of wanted) layers.push(await readLayer(resolve(terminal.cwd, path), environment, terminal.cwd));
  const [first] = layers;
  const environmentFile = layers.length === 1 ? first?.environmentFile : undefined;
  if (environmentFile !== undefined && (await kindOf(environmentFile)) === 'file') {
    const document = await readDocument(environmentFile, terminal.cwd);
    layers.push({ document, names: [document.fileName], environmentFile: undefined });
  }
  const [base, ...over] = layers.map((layer) => layer.document);
  if (base === undefined) throw new CommandError('No configuration is named.', 'Name an ocelot.json.');
  const document = over.reduce(overlayConfig, base);
  return {
    document: overlayEnvironment(document, terminal.env),
    names: layers.flatMap((layer) => layer.names),
    watched: [...wanted.map((path) => resolve(terminal.cwd, path)), ...(environmentFile ? [environmentFile] : [])],
  };
}

async function readLayer(path: string, environment: string | undefined, cwd: string): Promise<Layer> {
  const kind = await kindOf(path);
  if (kind === undefined) throw missing(path, cwd);
  if (kind === 'folder') return readFolder(path, environment, cwd);
  const document = await readDocument(path, cwd);
  const extension = extname(path);
  const stem = basename(path, extension);
  return {
    document,
    names: [document.fileName],
    environmentFile: environment === undefined ? undefined : join(dirname(path), `${stem}.${environment}${extension}`),
  };
}

async function readFolder(folder: string, environment: string | undefined, cwd: string): Promise<Layer> {
  const parts: ConfigDocument[] = [];
  for (const name of selectConfigFiles(await readdir(folder), environment))
    parts.push(await readDocument(join(folder, name), cwd));
  if (parts.length === 0)
    throw new CommandError(
      `The folder ${shown(folder, cwd)} holds no ocelot.json and no ocelot.*.json.`,
      'Name another folder, or the file itself.',
    );
  return {
    document: mergeConfigParts(parts),
    names: parts.map((part) => part.fileName),
    environmentFile: environment === undefined ? undefined : join(folder, `ocelot.${environment}.json`),
  };
}

async function readDocument(path: string, cwd: string): Promise<ConfigDocument> {
  try {
    return parseConfigText(await readLimited(path, shown(path, cwd)), shown(path, cwd));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw missing(path, cwd);
    const why = code === 'EACCES' || code === 'EPERM' ? 'this user may not read it' : message;
    throw new CommandError(`${shown(path, cwd)} cannot be read: ${why}.`, 'Check the file and its rights.');
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new CommandError(`${path} cannot be read: ${message}.`, 'Check the path and its rights.');
  }
}

function missing(path: string, cwd: string): CommandError {
  const isDefault = path === join(cwd, DEFAULT_FILE);
  return new CommandError(
    isAbsolute(shown(path, cwd)) ? `${path} does not exist.` : `${shown(path, cwd)} does not exist in ${cwd}.`,
    isDefault ? 'Write one with: ocelot init — or name your file: ocelot run FILE' : 'Check the path.',
  );
}

/** Relative to the working directory when it lies inside, else absolute. */
function shown(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}
