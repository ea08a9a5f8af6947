import type { FirstMessageOptions, JsonValue, Message, UpgradeRequest } from '@ocelot/core';

import { AuthFailure } from '../providers/auth-failure.js';
import type { OptionReader } from '../providers/option-reader.js';
import { hasDuplicateMember } from './duplicate-member.js';
import { afterScheme } from './place.js';

const MAX_MS = 2_147_483_647;

/** How a client is accepted whose token comes in its first message: section `Message` beside `In`. */
export interface FirstMessageSettings {
  /** Keys from the outside in; empty: the whole text is the token. */
  readonly paths: readonly (readonly string[])[];
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly forward: boolean;
  /** Compared with case; empty: the client's first offer. */
  readonly subprotocols: readonly string[];
}

/**
 * Reads the section `Message`.
 * @param paths Of the places `message:PATH`, as written; `''` for `message`.
 */
export function readFirstMessageSettings(section: OptionReader, paths: readonly string[]): FirstMessageSettings {
  return {
    paths: paths.map((path) => (path === '' ? [] : path.split('.'))),
    timeoutMs: section.number('TimeoutMs', { fallback: 10_000, minimum: 1, maximum: MAX_MS }),
    maxBytes: section.number('MaxBytes', { fallback: 65_536, minimum: 1, maximum: 16_777_216 }),
    // A message that is nothing but the token is for the gateway; one that holds it among others is the protocol's own.
    forward: section.flag('Forward', !paths.includes('')),
    subprotocols: section.texts('Subprotocols'),
  };
}

/**
 * How to accept the client of `request`.
 * @param offers Its subprotocols without those that are credentials.
 */
export function firstMessageOptions(
  settings: FirstMessageSettings,
  offers: UpgradeRequest['protocols'],
): FirstMessageOptions {
  const { timeoutMs, maxBytes, forward, subprotocols } = settings;
  const subprotocol =
    subprotocols.length === 0 ? offers[0] : subprotocols.find((subprotocol) => offers.includes(subprotocol));
  return { subprotocol, timeoutMs, maxBytes, forward };
}

/**
 * The tokens that a first message holds, `Bearer ` taken off.
 * @throws AuthFailure invalid_request when a path is to be followed, and it is no JSON or names a member twice.
 */
export function messageTokens(settings: FirstMessageSettings, message: Message): readonly string[] {
  const text = decode(message);
  const tokens: string[] = [];
  let json: JsonValue | undefined;
  for (const path of settings.paths) {
    const value = path.length === 0 ? text : follow((json ??= parse(text)), path);
    if (typeof value !== 'string') continue;
    const trimmed = value.trim();
    tokens.push(afterScheme(trimmed, 'bearer') ?? trimmed);
  }
  return tokens;
}

function decode(message: Message): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(message.data);
  } catch {
    throw unreadable();
  }
}

function parse(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    // The parser's message quotes the text, which may hold the token.
    throw unreadable();
  }
  // The backend gets the text itself, and may take another one of two members for the token.
  if (hasDuplicateMember(text)) throw unreadable();
  return value;
}

function follow(from: JsonValue, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = from;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as { readonly [key: string]: JsonValue | undefined })[key];
  }
  return value;
}

function unreadable(): AuthFailure {
  return new AuthFailure('message-unreadable', 'The first message cannot be read.', { error: 'invalid_request' });
}
