import { readFile } from 'node:fs/promises';

import type { Logger } from '@ocelot/core';

import type { OptionReader } from '../providers/option-reader.js';

/**
 * Reads a secret that stands in one of three keys: itself (`Secret`), in a file (`SecretFile`), or in an environment
 * variable (`SecretEnv`). One that stands in the configuration is used, with a warning.
 * @param key `Secret`, `ClientSecret`.
 * @returns undefined when none of them is given.
 * @throws ConfigError when there are two, or when the file or the variable has none.
 */
export async function readSecret(options: OptionReader, key: string, log: Logger): Promise<string | undefined> {
  const given = [key, `${key}File`, `${key}Env`].filter((name) => options.has(name));
  if (given.length > 1) throw options.fault(given[1] ?? key, `stands beside ${given[0] ?? key}.`, 'Give one of them.');
  const inline = options.text(key);
  if (inline !== undefined) {
    log.warn(
      { source: `${options.location}/${key}` },
      `A secret stands in the configuration: ${key}File or ${key}Env keeps it out of there.`,
    );
    return inline;
  }
  const variable = options.text(`${key}Env`);
  if (variable !== undefined) return fromEnvironment(options, `${key}Env`, variable);
  const path = options.text(`${key}File`);
  return path === undefined ? undefined : fromFile(options, `${key}File`, path);
}

function fromEnvironment(options: OptionReader, key: string, variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value.trim() === '') {
    throw options.fault(key, `names ${JSON.stringify(variable)}, which is not set.`, 'Set that environment variable.');
  }
  return value.trim();
}

async function fromFile(options: OptionReader, key: string, path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw options.fault(
      key,
      `cannot be read: ${errorText(error)}.`,
      'A relative path starts from the working directory.',
    );
  }
  if (text === '') throw options.fault(key, 'names a file that is empty.');
  return text;
}

/** The message of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
