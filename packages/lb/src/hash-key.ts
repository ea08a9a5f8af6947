import type { GatewayRequest } from '@ocelot/core';

import { cookieValue } from './cookie-value.js';
import { queryValue } from './query-value.js';

/** Reads from a request what it is hashed by; undefined when the request has none. */
export type HashKey = (request: GatewayRequest, clientAddress: string) => string | undefined;

const FORMS = 'query:NAME, header:NAME, cookie:NAME, path or address';

/**
 * Reads `HashOn`: one or several sources, separated by commas, of which the first that a request has counts.
 * @throws Error naming the source that cannot be used.
 */
export function readHashKey(text: string): HashKey {
  const sources = text.split(',').map((source) => readSource(source.trim()));
  const [only] = sources;
  if (only !== undefined && sources.length === 1) return only;
  return (request, clientAddress) => {
    for (const source of sources) {
      const key = source(request, clientAddress);
      if (key !== undefined) return key;
    }
    return undefined;
  };
}

function readSource(source: string): HashKey {
  const colon = source.indexOf(':');
  const kind = (colon === -1 ? source : source.slice(0, colon)).trim().toLowerCase();
  const name = colon === -1 ? '' : source.slice(colon + 1).trim();
  if (colon === -1 && kind === 'path') return ({ path }) => path;
  if (colon === -1 && kind === 'address') return (_, clientAddress) => addressKey(clientAddress);
  if (name !== '' && kind === 'query') return ({ query }) => queryValue(query, name);
  if (name !== '' && kind === 'header') return (request) => request.header(name)?.trim() || undefined;
  if (name !== '' && kind === 'cookie') return (request) => cookieValue(request.header('cookie'), name);
  throw new Error(`HashOn must be ${FORMS}, or several of them with commas; ${JSON.stringify(source)} is none.`);
}

/**
 * The part of an address that stays with one client: an IPv6 address's first 64 bits, since the rest changes every few
 * hours (RFC 8981), as limits per address have it; an IPv4 address as it is.
 */
function addressKey(address: string): string | undefined {
  if (!address.includes(':')) return address === '' ? undefined : address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(tail ?? '').split(':')];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
