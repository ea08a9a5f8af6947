import type { Exchange, JsonObject } from '@ocelot/core';

import { AuthFailure } from '../providers/auth-failure.js';
import { OptionReader } from '../providers/option-reader.js';
import type { Credentials, CredentialSource } from '../providers/provider.js';
import { authorizationPlace, type ForwardCredentials } from './place.js';
import { readForward, severalCredentials } from './token-source.js';

const PLACE = authorizationPlace('basic');

/** Finds a name and a password in `Authorization: Basic …` (RFC 7617 §2). */
export function createBasicSource(options: OptionReader): BasicSource {
  return new BasicSource(options, readForward([options]));
}

/** Made by {@link createBasicSource}. */
export class BasicSource implements CredentialSource {
  readonly #options: OptionReader;
  readonly #forward: ForwardCredentials;

  constructor(options: OptionReader, forward: ForwardCredentials) {
    this.#options = options;
    this.#forward = forward;
  }

  find({ request }: Exchange): Credentials | undefined {
    const values = PLACE.values(request);
    if (values.length > 1) throw severalCredentials();
    const [value] = values;
    return value === undefined ? undefined : readPair(value);
  }

  strip(exchange: Exchange): void {
    PLACE.strip(exchange, this.#forward);
  }

  forRoute(section: JsonObject, location: string): BasicSource | undefined {
    const reader = new OptionReader(section, location);
    if (!reader.has('ForwardCredentials')) return undefined;
    return new BasicSource(this.#options, readForward([this.#options, reader]));
  }
}

function readPair(value: string): Credentials {
  const text = decode(value);
  const at = text.indexOf(':');
  // Control characters are forbidden in both (RFC 7617 §2).
  if (at < 0 || /[\u0000-\u001f\u007f]/.test(text)) throw unreadable();
  return { kind: 'basic', user: text.slice(0, at).normalize('NFC'), password: text.slice(at + 1), place: PLACE.name };
}

function decode(value: string): string {
  if (value.length > 4096 || !/^[A-Za-z0-9+/]+=*$/.test(value)) throw unreadable();
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'base64'));
  } catch {
    throw unreadable();
  }
}

function unreadable(): AuthFailure {
  return new AuthFailure('malformed', 'The credentials cannot be read.', { error: 'invalid_request' });
}
