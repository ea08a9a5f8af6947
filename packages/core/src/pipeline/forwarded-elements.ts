import { readAuthority } from '../routing/request-target.js';
import { normalizeIpAddress } from './ip-ranges.js';

/** What one hop said of the one before it. */
export interface ForwardedElement {
  /** Normal form; undefined when it is hidden, unknown or invalid. */
  readonly address: string | undefined;
  readonly proto: 'http' | 'https' | undefined;
  readonly host: string | undefined;
}

/** Reads the elements of `Forwarded` in their order (RFC 7239 §4). A malformed element has no address. */
export function readForwarded(value: string): readonly ForwardedElement[] {
  return splitOutsideQuotes(value, ',').map((element) => {
    const parameters = new Map<string, string>();
    for (const pair of splitOutsideQuotes(element, ';')) {
      const equals = pair.indexOf('=');
      if (equals > 0)
        parameters.set(pair.slice(0, equals).trim().toLowerCase(), unquote(pair.slice(equals + 1).trim()));
    }
    return {
      address: readNode(parameters.get('for') ?? ''),
      proto: readProto(parameters.get('proto')),
      host: readHost(parameters.get('host')),
    };
  });
}

/** Writes one element; an IPv6 address needs brackets and quotes (RFC 7239 §6). */
export function writeForwarded(address: string, proto: string, host: string): string {
  const node = address === '' ? 'unknown' : address.includes(':') ? `"[${address}]"` : address;
  const shownHost = host === '' ? '' : `;host=${/^[\w\-.]+$/.test(host) ? host : quote(host)}`;
  return `for=${node};proto=${proto}${shownHost}`;
}

/**
 * Reads an address as forwarded headers write it: alone, with a port, in brackets.
 * @returns Its normal form; undefined when it is none.
 */
export function readNode(text: string): string | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  if (bracketed !== undefined) return normalizeIpAddress(bracketed);
  const withPort = /^([\d.]+):\d{1,5}$/.exec(text)?.[1];
  return normalizeIpAddress(withPort ?? text);
}

/** `ws` is `http` here, and `wss` is `https`: what counts is whether the hop was encrypted. */
export function readProto(text: string | undefined): 'http' | 'https' | undefined {
  const scheme = text?.toLowerCase();
  if (scheme === 'https' || scheme === 'wss') return 'https';
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined;
}

/** A host that a Host header could hold; undefined otherwise. */
export function readHost(text: string | undefined): string | undefined {
  return text === undefined || text === '' || readAuthority(text) === undefined ? undefined : text;
}

function splitOutsideQuotes(text: string, separator: string): readonly string[] {
  const pieces: string[] = [];
  let isQuoted = false;
  let from = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (isQuoted && character === '\\') index += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) {
      pieces.push(text.slice(from, index));
      from = index + 1;
    }
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

function unquote(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
