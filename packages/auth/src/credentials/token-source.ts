import type { Exchange, JsonObject } from '@ocelot/core';

import { AuthFailure } from '../providers/auth-failure.js';
import { OptionReader } from '../providers/option-reader.js';
import type { Credentials, CredentialSource, FirstMessageSource } from '../providers/provider.js';
import {
  firstMessageOptions,
  type FirstMessageSettings,
  messageTokens,
  readFirstMessageSettings,
} from './first-message-token.js';
import {
  authorizationPlace,
  cookiePlace,
  type ForwardCredentials,
  headerPlace,
  type Place,
  queryPlace,
  subprotocolPlace,
} from './place.js';
import { readSubprotocols } from './subprotocol-token.js';

/** Which token a source finds. */
export interface TokenSourceOptions {
  readonly kind: 'bearer' | 'api-key';
  /** The places where nothing says `In`. */
  readonly defaultPlaces: readonly string[];
}

interface Settings {
  readonly places: readonly Place[];
  readonly forward: ForwardCredentials;
  readonly message: FirstMessageSettings | undefined;
  /** Of the place `subprotocol`, where there is one. */
  readonly prefixes: readonly string[];
}

const PLACES = 'header, header:NAME, cookie:NAME, query:NAME, subprotocol, subprotocol:PREFIX, message or message:PATH';
const HEADER_NAME = /^[\w!#$%&'*+\-.^`|~]+$/;

/**
 * Makes the source of a token: `In`, `ForwardCredentials` and `Message` of a provider, or of a route over it.
 * @param sections The provider's options, then those of the route if it has any; the last one that has a key wins.
 * @throws ConfigError
 */
export function createTokenSource(options: TokenSourceOptions, ...sections: readonly OptionReader[]): TokenSource {
  return new TokenSource(options, sections);
}

/** Where a token is, on one route or on all of them. Made by {@link createTokenSource}. */
export class TokenSource implements CredentialSource {
  readonly firstMessage: FirstMessageSource | undefined;
  readonly #options: TokenSourceOptions;
  readonly #sections: readonly OptionReader[];
  readonly #settings: Settings;

  constructor(options: TokenSourceOptions, sections: readonly OptionReader[]) {
    this.#options = options;
    this.#sections = sections;
    this.#settings = readSettings(options, sections);
    this.firstMessage = this.#firstMessage();
  }

  find(exchange: Exchange): Credentials | undefined {
    let found: Credentials | undefined;
    for (const place of this.#settings.places) {
      const values = place.values(exchange.request);
      if (values.length === 0) continue;
      if (values.length > 1 || found !== undefined) throw severalCredentials();
      found = this.credentials(values[0] ?? '', place.name);
    }
    return found;
  }

  strip(exchange: Exchange): void {
    for (const place of this.#settings.places) place.strip(exchange, this.#settings.forward);
  }

  /** The same for a route that says otherwise; undefined when it does not. */
  forRoute(section: JsonObject, location: string): TokenSource | undefined {
    const reader = new OptionReader(section, location);
    if (!['In', 'ForwardCredentials', 'Message'].some((key) => reader.has(key))) return undefined;
    return createTokenSource(this.#options, ...this.#sections, reader);
  }

  /** Credentials of a text; undefined when it is empty. Whether it can be a token is for the verification to say. */
  credentials(text: string, place: string): Credentials | undefined {
    const token = text.trim();
    return token === '' ? undefined : { kind: this.#options.kind, token, place };
  }

  #firstMessage(): FirstMessageSource | undefined {
    const { message, prefixes } = this.#settings;
    if (message === undefined) return undefined;
    return {
      options: ({ protocols }) => {
        const offers = prefixes.reduce((rest, prefix) => readSubprotocols(rest, prefix).rest, protocols);
        return firstMessageOptions(message, offers);
      },
      read: (received) => {
        const tokens = messageTokens(message, received);
        if (tokens.length > 1) throw severalCredentials();
        return this.credentials(tokens[0] ?? '', 'message');
      },
    };
  }
}

/** RFC 6750 §2: more than one way of sending a token, or one of them twice, is an invalid request. */
export function severalCredentials(): AuthFailure {
  return new AuthFailure('several-credentials', 'The request holds credentials more than once.', {
    error: 'invalid_request',
  });
}

/** `ForwardCredentials`: the last section that says it. */
export function readForward(sections: readonly OptionReader[]): ForwardCredentials {
  const section = lastWith(sections, 'ForwardCredentials');
  return section?.choice('ForwardCredentials', ['headers', 'none', 'all'], 'headers') ?? 'headers';
}

function readSettings(options: TokenSourceOptions, sections: readonly OptionReader[]): Settings {
  const section = lastWith(sections, 'In');
  const written = section?.texts('In') ?? [];
  const texts = written.length === 0 ? options.defaultPlaces : written;
  const places: Place[] = [];
  const prefixes: string[] = [];
  const paths: string[] = [];
  texts.forEach((text, index) => {
    const at = text.indexOf(':');
    const kind = (at < 0 ? text : text.slice(0, at)).trim().toLowerCase();
    const name = at < 0 ? '' : text.slice(at + 1).trim();
    const place = makePlace(kind, name);
    if (place !== undefined) places.push(place);
    else if (kind === 'message') paths.push(name);
    else throw badPlace(section, index);
    if (kind === 'subprotocol') prefixes.push(prefixOf(name));
  });
  const message = lastWith(sections, 'Message')?.object('Message') ?? new OptionReader({}, '');
  return {
    places,
    prefixes,
    forward: readForward(sections),
    message: paths.length === 0 ? undefined : readFirstMessageSettings(message, paths),
  };
}

function makePlace(kind: string, name: string): Place | undefined {
  if (kind === 'header') {
    if (name === '' || name.toLowerCase() === 'authorization') return authorizationPlace('bearer');
    return HEADER_NAME.test(name) ? headerPlace(name) : undefined;
  }
  if (kind === 'cookie') return HEADER_NAME.test(name) ? cookiePlace(name) : undefined;
  if (kind === 'query') return name === '' ? undefined : queryPlace(name);
  if (kind !== 'subprotocol') return undefined;
  return HEADER_NAME.test(prefixOf(name)) ? subprotocolPlace(prefixOf(name)) : undefined;
}

/** With or without the dot that stands before the token. */
function prefixOf(name: string): string {
  return (name === '' ? 'bearer' : name).replace(/\.$/, '');
}

function badPlace(section: OptionReader | undefined, index: number): Error {
  const hint = `Write one of ${PLACES}.`;
  return section?.fault(`In/${index}`, 'holds a place that is not known, or has no fit name.', hint) ?? new Error(hint);
}

function lastWith(sections: readonly OptionReader[], key: string): OptionReader | undefined {
  return sections.findLast((section) => section.has(key));
}
