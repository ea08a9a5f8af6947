import { ANSWER_PROTOCOL, type Exchange, type GatewayRequest, type UpgradeRequest } from '@ocelot/core';

import { cookieValues, withoutCookie } from './cookie-header.js';
import { queryValues, withoutQueryParameter } from './query-parameter.js';
import { readSubprotocols } from './subprotocol-token.js';

/**
 * What of the credentials goes on to the backend: `headers` (Authorization, other headers and cookies, as Ocelot does;
 * a query parameter is removed, since it ends in access logs), `none`, or `all`. A token among the subprotocols never
 * goes on: the backend would have to select it.
 */
export type ForwardCredentials = 'headers' | 'none' | 'all';

/** One place of a request head where a token may be. */
export interface Place {
  /** As in the configuration, without any value: `cookie:session`. */
  readonly name: string;
  /** Every value found there, decoded; more than one is for the caller to refuse. */
  values(request: GatewayRequest): readonly string[];
  /** Removes the token from what the backend gets, unless `forward` lets it pass. Idempotent. */
  strip(exchange: Exchange, forward: ForwardCredentials): void;
}

/** `Authorization` with a scheme (RFC 9110 §11.6.2), compared without case: `Bearer` (RFC 6750 §2.1), `Basic`. */
export function authorizationPlace(scheme: string): Place {
  return {
    name: 'header',
    values: (request) => {
      const lines = headerLines(request, 'authorization');
      const found = lines.map((line) => afterScheme(line, scheme)).filter((value) => value !== undefined);
      // A second line of any scheme makes it a guess which one the backend reads.
      return found.length > 0 && lines.length > 1 ? lines : found;
    },
    strip: ({ outgoing: { headers } }, forward) => {
      if (forward !== 'none') return;
      const value = headers.get('authorization');
      if (value !== undefined && afterScheme(value, scheme) !== undefined) headers.delete('authorization');
    },
  };
}

/** A header of its own: its value is the token, with or without `Bearer ` before it. */
export function headerPlace(header: string): Place {
  return {
    name: `header:${header}`,
    values: (request) => headerLines(request, header.toLowerCase()).map((line) => afterScheme(line, 'bearer') ?? line),
    strip: ({ outgoing: { headers } }, forward) => {
      if (forward === 'none') headers.delete(header);
    },
  };
}

/** A cookie, for pages of the gateway's own site. */
export function cookiePlace(cookie: string): Place {
  return {
    name: `cookie:${cookie}`,
    values: (request) => cookieValues(request.header('cookie'), cookie),
    strip: ({ outgoing: { headers } }, forward) => {
      if (forward !== 'none') return;
      const before = headers.get('cookie');
      if (before === undefined) return;
      const after = withoutCookie(before, cookie);
      if (after === undefined) headers.delete('cookie');
      else if (after !== before) headers.set('Cookie', after);
    },
  };
}

/** A query parameter (RFC 6750 §2.3; SignalR's `access_token`). */
export function queryPlace(parameter: string): Place {
  return {
    name: `query:${parameter}`,
    values: (request) => queryValues(request.query, parameter),
    strip: ({ outgoing }, forward) => {
      if (forward === 'all') return;
      const query = withoutQueryParameter(outgoing.query, parameter);
      if (query !== outgoing.query) outgoing.query = query;
    },
  };
}

/** One of the offered subprotocols, in the forms of {@link readSubprotocols}. */
export function subprotocolPlace(prefix: string): Place {
  return {
    name: 'subprotocol',
    values: (request) => (isUpgrade(request) ? readSubprotocols(request.protocols, prefix).tokens : []),
    strip: (exchange) => {
      const { headers } = exchange.outgoing;
      const offered = headers.get('sec-websocket-protocol');
      if (offered === undefined || !isUpgrade(exchange.request)) return;
      const offers = offered.split(',').map((offer) => offer.trim());
      const { tokens, rest, answer } = readSubprotocols(offers, prefix);
      if (tokens.length === 0) return;
      if (rest.length > 0) {
        headers.set('Sec-WebSocket-Protocol', rest.join(', '));
        return;
      }
      headers.delete('Sec-WebSocket-Protocol');
      // Browsers fail a handshake whose answer selects none of what was offered.
      if (answer !== undefined) exchange.set(ANSWER_PROTOCOL, answer);
    },
  };
}

/** The value behind an authentication scheme; undefined when the scheme is another. */
export function afterScheme(line: string, scheme: string): string | undefined {
  const blank = line.search(/[ \t]/);
  const end = blank < 0 ? line.length : blank;
  return line.slice(0, end).toLowerCase() === scheme.toLowerCase() ? line.slice(end).trim() : undefined;
}

/** Values by line: lines that are joined with commas cannot be told from one line with a comma. */
function headerLines(request: GatewayRequest, folded: string): readonly string[] {
  const { rawHeaders } = request;
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === folded) lines.push((rawHeaders[index + 1] ?? '').trim());
  }
  return lines;
}

function isUpgrade(request: GatewayRequest): request is UpgradeRequest {
  return request.kind === 'upgrade' && 'protocols' in request;
}
