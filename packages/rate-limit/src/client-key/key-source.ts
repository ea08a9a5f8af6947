// Hot path: once per request on routes with a limit.

import { type Exchange, type GatewayRequest, IDENTITY } from '@ocelot/core';

import { addressPrefix } from './address-prefix.js';

/** Where the name of a client is looked for. */
export interface KeySource {
  /** From a small set, for logs and metrics: never the value, it may be a secret. */
  readonly kind: 'header' | 'ip' | 'cookie' | 'query' | 'claim' | 'subject' | 'route';
  /** Of the header, cookie, parameter or claim; empty for a source that there is one of. */
  readonly name: string;
  /** Known only once the client has been authenticated. */
  readonly needsIdentity: boolean;
  /** @returns undefined when the request does not have it; never empty. */
  readonly read: (exchange: Exchange) => string | undefined;
  /** As people write it in `ClientWhitelist`, where that is another text. Asked only where `read` found something. */
  readonly written?: (exchange: Exchange) => string | undefined;
}

/** What the sources of a route have in common. */
export interface SourceContext {
  /** The header that `header` stands for. */
  readonly clientIdHeader: string;
  readonly ipv6PrefixLength: number;
}

/** How sources are written, for the messages of those that are written wrongly. */
export const SOURCE_FORMS = 'header, ip, subject, route, claim:NAME, cookie:NAME, query:NAME or header:NAME';

/**
 * Makes the source that an entry of `Gateway.RateLimit.By` names.
 * @returns undefined when it names none.
 */
export function keySource(text: string, context: SourceContext): KeySource | undefined {
  const colon = text.indexOf(':');
  const kind = (colon === -1 ? text : text.slice(0, colon)).trim().toLowerCase();
  const name = colon === -1 ? '' : text.slice(colon + 1).trim();
  if (kind === 'header') return headerSource(name, context);
  if (name === '') return unnamedSource(kind, context);
  switch (kind) {
    case 'cookie':
      return { kind, name, needsIdentity: false, read: ({ request }) => some(cookieOf(request, name)) };
    case 'query':
      return {
        kind,
        name,
        needsIdentity: false,
        read: ({ request }) => some(new URLSearchParams(request.query).get(name)),
      };
    case 'claim':
      return {
        kind,
        name,
        needsIdentity: true,
        read: (exchange) => claimOf(exchange, name),
        written: (exchange) => exchange.get(IDENTITY)?.claims[name]?.join(' '),
      };
    default:
      return undefined;
  }
}

function headerSource(name: string, { clientIdHeader }: SourceContext): KeySource {
  const read = name === '' ? clientIdHeader : name;
  return {
    kind: 'header',
    name: name.toLowerCase(),
    needsIdentity: false,
    read: ({ request }) => some(request.header(read)),
  };
}

function unnamedSource(kind: string, { ipv6PrefixLength }: SourceContext): KeySource | undefined {
  switch (kind) {
    case 'ip':
      return {
        kind,
        name: '',
        needsIdentity: false,
        read: ({ clientAddress }) => addressPrefix(clientAddress, ipv6PrefixLength),
        written: ({ clientAddress }) => clientAddress,
      };
    case 'subject':
      return {
        kind,
        name: '',
        needsIdentity: true,
        read: subjectOf,
        written: (exchange) => exchange.get(IDENTITY)?.subject,
      };
    case 'route':
      return { kind, name: '', needsIdentity: false, read: () => '*' };
    default:
      return undefined;
  }
}

function some(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}

/** The first cookie of the name (RFC 6265 §5.4), as it was sent. */
function cookieOf(request: GatewayRequest, name: string): string | undefined {
  for (const pair of request.header('cookie')?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** Two providers may call two people by one name. */
function subjectOf(exchange: Exchange): string | undefined {
  const identity = exchange.get(IDENTITY);
  return identity?.subject === undefined || identity.subject === ''
    ? undefined
    : `${identity.provider}\0${identity.subject}`;
}

function claimOf(exchange: Exchange, name: string): string | undefined {
  const identity = exchange.get(IDENTITY);
  const values = identity?.claims[name];
  if (identity === undefined || values === undefined || values.every((value) => value === '')) return undefined;
  return `${identity.provider}\0${values.join('\0')}`;
}
