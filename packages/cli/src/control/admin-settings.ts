import { isIP } from 'node:net';
import { resolve } from 'node:path';

import { ConfigError, type ConfigIssue, type GatewayConfig, type JsonObject, type JsonValue } from '@ocelot/core';

import { readLimited } from '../read-limited.js';
import { unixSocketOf } from '../front/unix-socket-file.js';
import type { Terminal } from '../terminal.js';

/** `Gateway.Admin`, with its token read. */
export interface AdminSettings {
  /** An address, a name, or `unix:/PATH`. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What calls must carry; undefined: nothing. */
  readonly token: string | undefined;
}

/** Tells where a key of the section stands. */
export type AdminPlace = (key: string) => Pick<ConfigIssue, 'source' | 'line' | 'column'>;

const TOKEN_KEYS = ['Token', 'TokenFile', 'TokenEnv'] as const;
/** Fewer can be guessed. */
const FEWEST_CHARACTERS = 16;
const MOST_TOKEN_BYTES = 4_096;

const UNPLACED: AdminPlace = (key) => ({ source: `GlobalConfiguration/Gateway/Admin/${key}` });

/**
 * Reads what a configuration says about the control address.
 * @returns undefined when there shall be none.
 * @throws ConfigError when it cannot be served safely: no usable token, or none on an address that others reach.
 */
export async function readAdminSettings(
  { global }: Pick<GatewayConfig, 'global'>,
  terminal: Pick<Terminal, 'cwd' | 'env'>,
  place: AdminPlace = UNPLACED,
): Promise<AdminSettings | undefined> {
  const section = objectAt(objectAt(global, 'Gateway'), 'Admin');
  const host = textAt(section, 'Host') ?? '127.0.0.1';
  const port = section['Port'] ?? undefined;
  const isUnix = host.startsWith('unix:');
  if (!isUnix && (port === undefined || port === '')) {
    const [key] = [...TOKEN_KEYS, 'Host' as const].filter((name) => textAt(section, name) !== undefined);
    if (key === undefined) return undefined;
    throw refused(place(key), 'Gateway.Admin has no Port.', 'Add one, such as 9000; 0 takes any free port.');
  }
  if (isUnix) assertPath(host, place);
  const token = await readToken(section, terminal, place);
  if (token === undefined && !isUnix && !isLoopback(host))
    throw refused(
      place('Host'),
      `the control address ${host} may be reached from other machines and has no token.`,
      'Add TokenFile or TokenEnv, or let Host be 127.0.0.1 or unix:/PATH.',
    );
  return { host, port: Number(port ?? 0), token };
}

/** Whether nobody but this machine reaches the host. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^::ffff:/, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

function assertPath(host: string, place: AdminPlace): void {
  try {
    unixSocketOf(host);
  } catch (error) {
    throw refused(place('Host'), error instanceof Error ? error.message : String(error), undefined);
  }
}

async function readToken(
  section: JsonObject,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
  place: AdminPlace,
): Promise<string | undefined> {
  const given = TOKEN_KEYS.flatMap((key) => {
    const text = textAt(section, key);
    return text === undefined ? [] : [{ key, text }];
  });
  const [first, second] = given;
  if (first === undefined) return undefined;
  if (second !== undefined)
    throw refused(place(second.key), `${first.key} and ${second.key} both give the token.`, 'Keep one of them.');
  const { key, text } = first;
  const token =
    key === 'Token' ? text : key === 'TokenEnv' ? fromEnv(text, env, place) : await fromFile(text, cwd, place);
  if (token.length < FEWEST_CHARACTERS || !/^[\x21-\x7e]+$/.test(token))
    throw refused(
      place(key),
      `the token of the control address is shorter than ${FEWEST_CHARACTERS} characters, or has others than visible ASCII.`,
      'Make one with: openssl rand -hex 32',
    );
  return token;
}

function fromEnv(name: string, env: Terminal['env'], place: AdminPlace): string {
  const value = env[name]?.trim() ?? '';
  if (value !== '') return value;
  throw refused(place('TokenEnv'), `the environment variable ${name} is empty or not set.`, 'Set it before the start.');
}

async function fromFile(file: string, cwd: string, place: AdminPlace): Promise<string> {
  try {
    return (await readLimited(resolve(cwd, file), file, MOST_TOKEN_BYTES)).toString('utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'it does not exist'
        : code === 'EACCES'
          ? 'this user may not read it'
          : (code ?? 'it is too large');
    throw refused(place('TokenFile'), `${file} cannot be read: ${why}.`, 'Check the path and its rights.');
  }
}

function refused(
  place: Pick<ConfigIssue, 'source' | 'line' | 'column'>,
  message: string,
  hint: string | undefined,
): ConfigError {
  return new ConfigError([
    { severity: 'error', kind: 'AdminAddress', ...place, message, ...(hint !== undefined && { hint }) },
  ]);
}

function objectAt(parent: JsonObject, key: string): JsonObject {
  const value: JsonValue | undefined = parent[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A text that says something. */
function textAt(section: JsonObject, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
