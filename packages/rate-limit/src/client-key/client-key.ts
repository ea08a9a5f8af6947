// Hot path: once per request on routes with a limit.

import type { Exchange, JsonObject, Route } from '@ocelot/core';

import { numberAt, refuse, textsAt } from '../config-reader.js';
import { addressPrefix } from './address-prefix.js';
import { type KeySource, keySource, SOURCE_FORMS, type SourceContext } from './key-source.js';

/** Whom a request is counted for. */
export interface ClientKey {
  /** Where it was found. */
  readonly kind: KeySource['kind'];
  /** As people write it in a list of clients: never log it. */
  readonly value: string;
  /**
   * Differs between sources, so that no header passes for somebody's address, and no cookie for another cookie. Ocelot's
   * own source is the bare value.
   */
  readonly id: string;
}

/** Names the client of a request, by the sources of a route in their order. */
export interface ClientNaming {
  /** One of the sources is known only once the client has been authenticated. */
  readonly needsIdentity: boolean;
  /** All of them are: clients that were not authenticated have no name. */
  readonly isIdentityOnly: boolean;
  /** As written, for messages. */
  readonly sources: string;
  /** @returns undefined when the request has none of them. */
  nameOf(exchange: Exchange): ClientKey | undefined;
  /** The same; a client without a name of its own is its address as `ip` has it, so that nobody is unlimited. */
  nameOrAddress(exchange: Exchange): ClientKey;
}

/** What names a client that `By` says nothing of. */
const DEFAULT_IPV6_PREFIX = 64;

/** Reads what all sources of a section have in common. */
export function sourceContext(section: JsonObject, clientIdHeader: string): SourceContext {
  return { clientIdHeader, ipv6PrefixLength: numberAt(section, 'Ipv6PrefixLength', DEFAULT_IPV6_PREFIX) };
}

/**
 * Compiles `By`.
 * @param section Holds the list.
 * @param place Where the section stands below the route, for messages.
 * @throws ConfigError when an entry names nothing that clients are told apart by.
 */
export function clientNaming(
  section: JsonObject,
  fallback: readonly string[],
  context: SourceContext,
  route: Route,
  place: string,
): ClientNaming {
  const written = textsAt(section, 'By');
  const entries = written.length === 0 ? fallback : written;
  const sources = entries.map((entry) => {
    const source = keySource(entry, context);
    if (source !== undefined) return source;
    throw refuse(
      'RateLimitBy',
      `${route.location}/Gateway/${place}/By`,
      `"${entry}" is nothing that clients are told apart by.`,
      `Write ${SOURCE_FORMS}.`,
    );
  });
  const nameOf = (exchange: Exchange): ClientKey | undefined => {
    for (const { kind, name, read, written: write } of sources) {
      const value = read(exchange);
      if (value !== undefined) return { kind, value: write?.(exchange) ?? value, id: idOf(kind, name, value) };
    }
    return undefined;
  };
  return {
    needsIdentity: sources.some(({ needsIdentity }) => needsIdentity),
    isIdentityOnly: sources.every(({ needsIdentity }) => needsIdentity),
    sources: entries.join(', '),
    nameOf,
    nameOrAddress(exchange) {
      const { clientAddress } = exchange;
      const address = addressPrefix(clientAddress, context.ipv6PrefixLength) ?? clientAddress;
      return nameOf(exchange) ?? { kind: 'ip', value: clientAddress, id: idOf('ip', '', address) };
    },
  };
}

/** No header holds a NUL, so none is taken for another source. */
function idOf(kind: KeySource['kind'], name: string, value: string): string {
  return kind === 'header' && name === '' ? value : `\0${kind}\0${name}\0${value}`;
}
