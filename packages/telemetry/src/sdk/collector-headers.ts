import { readFile } from 'node:fs/promises';

import { ConfigError } from '@ocelot/core';

import type { OtlpSettings } from '../settings/telemetry-settings.js';

const SECTION = 'GlobalConfiguration.Gateway.Telemetry.Otlp';
/** RFC 9110 §5.1 */
const NAME = /^[!#$%&'*+.^_`|~\da-z-]+$/i;

/**
 * Reads the headers that the collector wants. Their values appear in no message.
 * @throws ConfigError when the file cannot be read, the variable is not set, or a line is no header.
 */
export async function collectorHeaders(
  { headersFile, headersEnv }: OtlpSettings,
  env: NodeJS.ProcessEnv,
): Promise<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {};
  if (headersEnv !== undefined) {
    const text = env[headersEnv];
    if (text === undefined) {
      throw fault(
        'HeadersEnv',
        `the environment variable ${headersEnv} is not set.`,
        'Set it, or leave HeadersEnv out.',
      );
    }
    take(headers, text.split(','), '=', 'HeadersEnv', `the environment variable ${headersEnv}`);
  }
  if (headersFile !== undefined) {
    take(headers, (await read(headersFile)).split('\n'), ':', 'HeadersFile', headersFile);
  }
  return headers;
}

/**
 * Checks the address of the collector.
 * @throws ConfigError when it is none, or when it holds a password: that would be logged.
 */
export function collectorUrl(endpoint: string, path: string): string {
  const hint = 'Write it like http://localhost:4318; keys belong into HeadersFile or HeadersEnv.';
  let url: URL;
  try {
    url = new URL(endpoint);
  } catch {
    throw fault('Endpoint', 'this is no URL.', hint);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw fault('Endpoint', 'only http and https work.', hint);
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw fault('Endpoint', 'user names, passwords and queries do not belong into it.', hint);
  }
  return `${endpoint.replace(/\/+$/, '')}${path}`;
}

/** Makes the error of one key of the section. */
export function fault(key: string, message: string, hint: string): ConfigError {
  return new ConfigError([{ severity: 'error', kind: 'TelemetryOptions', source: `${SECTION}.${key}`, message, hint }]);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const cause = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw fault('HeadersFile', `${file} cannot be read (${cause}).`, 'Name a file that the gateway may read.');
  }
}

function take(
  headers: Record<string, string>,
  lines: readonly string[],
  separator: string,
  key: string,
  where: string,
): void {
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const at = line.indexOf(separator);
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (at < 1 || !NAME.test(name) || !/^[\t\u0020-\u007e]+$/.test(value)) {
      throw fault(key, `entry ${index + 1} of ${where} is no header.`, `Write each as name${separator}value.`);
    }
    headers[name] = value;
  });
}
