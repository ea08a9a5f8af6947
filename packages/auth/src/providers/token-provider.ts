import type { Identity } from '@ocelot/core';

import type { TokenSource } from '../credentials/token-source.js';
import { AuthFailure } from './auth-failure.js';
import { bearerError, challenge } from './challenge.js';
import type { NumberRange } from './option-reader.js';
import type { Provider, VerifyContext } from './provider.js';

/** What `MaxTokenBytes` may be. */
export const MAX_TOKEN_BYTES: NumberRange = { fallback: 8192, minimum: 128, maximum: 65_536 };

/** What a provider of bearer tokens is made of. */
export interface TokenProviderOptions {
  readonly name: string;
  readonly realm: string;
  readonly source: TokenSource;
  readonly maxTokenBytes: number;
  verify(token: string, context: VerifyContext): Identity | Promise<Identity>;
  close(): void;
}

/** A provider of bearer tokens (RFC 6750), whatever verifies them. */
export function tokenProvider(options: TokenProviderOptions): Provider {
  const { name, realm, source, maxTokenBytes } = options;
  return {
    name,
    firstMessage: source.firstMessage,
    find: (exchange) => source.find(exchange),
    strip: (exchange) => source.strip(exchange),
    forRoute: (section, location) => source.forRoute(section, location),
    challenge: (failure) => challenge('Bearer', { realm, ...bearerError(failure) }),
    fromText: (text, place) => {
      const credentials = source.credentials(text, place);
      if (credentials === undefined) throw new AuthFailure('malformed', 'The token is malformed.');
      return credentials;
    },
    verify: (credentials, context) => {
      if (credentials.kind !== 'bearer')
        throw new AuthFailure('malformed', 'These are no credentials for this provider.');
      assertToken(credentials.token, maxTokenBytes);
      return options.verify(credentials.token, context);
    },
    close: () => options.close(),
  };
}

/** Before anything is spent on it (RFC 6750 §2.1). */
function assertToken(token: string, maxTokenBytes: number): void {
  if (token.length > maxTokenBytes) throw new AuthFailure('too-large', 'The token is too long.');
  if (!/^[\w\-.~+/]+=*$/.test(token)) throw new AuthFailure('malformed', 'The token is malformed.');
}
