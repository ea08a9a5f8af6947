// Hot path: once per request on routes with a limit.

import type { Exchange, JsonObject, Route } from '@ocelot/core';

import { numberAt, refuse, textsAt } from '../config-reader.js';
import { type KeySource, keySource, SOURCE_FORMS, type SourceContext } from './key-source.js';

/** Whom a request is counted for. */
export interface ClientKey {
  /** Where it was found. */
  readonly kind: KeySource['kind'];
  /** As it was found, for lists of clients: never log it. */
  readonly value: string;
  /** Differs between kinds, so that no header passes for somebody's address. Ocelot's own kind is the bare value. */
  readonly id: string;
}

/** Names the client of a request, by the sources of a route in their order. */
export interface ClientNaming {
  /** One of the sources is known only once the client has been authenticated. */
  readonly needsIdentity: boolean;
  /** As written, for messages. */
  readonly sources: string;
  /** @returns undefined when the request has none of them. */
  nameOf(exchange: Exchange): ClientKey | undefined;
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
  return {
    needsIdentity: sources.some(({ needsIdentity }) => needsIdentity),
    sources: entries.join(', '),
    nameOf(exchange) {
      for (const { kind, read } of sources) {
        const value = read(exchange);
        if (value !== undefined) return { kind, value, id: kind === 'header' ? value : `\0${kind}\0${value}` };
      }
      return undefined;
    },
  };
}
