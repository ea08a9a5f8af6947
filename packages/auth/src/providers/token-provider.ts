import type { Identity, JsonObject } from '@ocelot/core';

import { createTokenSource } from '../credentials/token-source.js';
import { AuthFailure } from './auth-failure.js';
import { bearerError, challenge } from './challenge.js';
import { type NumberRange, OptionReader } from './option-reader.js';
import type { Provider, ProviderContext, VerifyContext } from './provider.js';

const MAX_TOKEN_BYTES: NumberRange = { fallback: 8192, minimum: 128, maximum: 65_536 };

/** What a provider of bearer tokens is made of. */
export interface TokenProviderOptions {
  readonly name: string;
  /** The provider's options, of which `In`, `ForwardCredentials`, `Message`, `MaxTokenBytes` and `Realm` are read. */
  readonly options: JsonObject;
  readonly context: Pick<ProviderContext, 'location'>;
  /**
   * Says whose token it is. It is not empty, not too long, and made of the characters of RFC 6750 §2.1.
   * @throws AuthFailure (also as a rejection)
   */
  verify(token: string, context: VerifyContext): Identity | Promise<Identity>;
  close?(): void;
}

/**
 * Makes a provider of bearer tokens (RFC 6750), whatever verifies them: it finds them in every place that a file may
 * name, hides them from the backend, and challenges. For types of the user's own, and for ours.
 * @throws ConfigError when the options name a place that is none.
 *
 * @example
 * const sessions: ProviderFactory = (name, options, context) =>
 *   tokenProvider({ name, options, context, verify: (token) => whoseSession(token) });
 */
export function tokenProvider(parts: TokenProviderOptions): Provider {
  const { name } = parts;
  const reader = new OptionReader(parts.options, parts.context.location);
  const realm = reader.text('Realm') ?? name;
  const maxTokenBytes = reader.number('MaxTokenBytes', MAX_TOKEN_BYTES);
  const source = createTokenSource({ kind: 'bearer', defaultPlaces: ['header'] }, reader);
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
      if (credentials.kind !== 'bearer') {
        throw new AuthFailure('malformed', 'These are no credentials for this provider.');
      }
      assertToken(credentials.token, maxTokenBytes);
      return parts.verify(credentials.token, context);
    },
    close: () => parts.close?.(),
  };
}

/** Before anything is spent on it (RFC 6750 §2.1). */
function assertToken(token: string, maxTokenBytes: number): void {
  if (token.length > maxTokenBytes) throw new AuthFailure('too-large', 'The token is too long.');
  if (!/^[\w\-.~+/]+=*$/.test(token)) throw new AuthFailure('malformed', 'The token is malformed.');
}
