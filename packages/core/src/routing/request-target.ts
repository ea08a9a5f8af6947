import ipaddr from 'ipaddr.js';

import type { GatewayRequest } from '../contracts/request.js';
import { requestFault } from '../errors/request-fault.js';

/** A request target and a Host header, read. */
export interface RequestTarget {
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
  /** Of an absolute-form target; undefined for the ordinary origin-form. */
  readonly authority: string | undefined;
}

/** A Host header or the authority of a URL, read. */
export interface Authority {
  /** Lower case, without port and without the dot at its end; an IPv6 literal in brackets. */
  readonly host: string;
  /** As written; undefined when there is none. */
  readonly port: number | undefined;
}

/** What no target may hold (RFC 9112 §3.2): blanks, controls, characters outside ASCII, and a fragment. */
const FORBIDDEN = /[^\x21-\x7e]|#/;
const ABSOLUTE = /^(?:https?|wss?):\/\/([^/?#]*)/i;
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9\-._~!$&'()%]*)(?::(\d{0,5}))?$/i;

/**
 * Reads the request target: origin-form, or absolute-form with `http`, `https`, `ws`, `wss` (RFC 9112 §3.2.1, §3.2.2).
 * It is cut at its first `?`; nothing is decoded.
 *
 * `*` (RFC 9112 §3.2.4) asks about a server as a whole, and no route is one: it is refused, as is the authority of a
 * CONNECT (§3.2.3), since nothing here tunnels to where a client says.
 *
 * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID, by kind, for everything else, for a character that no target
 *   may hold, and for a backslash in the path, which some URL parsers take for a slash.
 */
export function readTarget(target: string, kind: GatewayRequest['kind']): RequestTarget {
  if (FORBIDDEN.test(target)) throw requestFault(kind, 'The request target holds a character that it may not hold.');
  if (target === '*') throw requestFault(kind, 'The request target is "*", which no route answers: ask for a path.');
  const absolute = target.startsWith('/') ? undefined : ABSOLUTE.exec(target);
  if (absolute === null) throw requestFault(kind, 'The request target is not a path.');
  const rest = absolute === undefined ? target : target.slice(absolute[0].length);
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  if (path.includes('\\')) throw requestFault(kind, 'The request path holds a backslash.');
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : rest.slice(mark), authority: absolute?.[1] };
}

/**
 * Reads a Host header or the authority of a target (RFC 9110 §7.2). User information is not accepted.
 * @returns undefined when it is invalid.
 */
export function readAuthority(text: string): Authority | undefined {
  const match = AUTHORITY.exec(text);
  if (match === null) return undefined;
  const host = (match[1] ?? '').toLowerCase();
  const port = match[2] === undefined || match[2] === '' ? undefined : Number(match[2]);
  if (port !== undefined && port > 65535) return undefined;
  if (host.startsWith('[') && !ipaddr.IPv6.isValid(host.slice(1, -1))) return undefined;
  if (host === '' && port !== undefined) return undefined;
  return { host: host.replace(/\.$/, ''), port };
}
