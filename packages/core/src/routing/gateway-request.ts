import type { ClientPeer, GatewayRequest, UpgradeRequest } from '../contracts/request.js';
import { requestFault } from '../errors/request-fault.js';
import { readAuthority, readTarget } from './request-target.js';

/** A request as a relay received it: what {@link createGatewayRequest} needs. */
export interface ReceivedRequest {
  readonly kind: GatewayRequest['kind'];
  readonly method: string;
  /** The target of the request line, untouched. */
  readonly target: string;
  /** Name, value, name, value, … as received. The array must not change afterwards. */
  readonly rawHeaders: readonly string[];
  readonly client: ClientPeer;
}

/** What an upgrade has beside its head, checked by the relay (RFC 6455 §4.2.1). */
export interface ReceivedHandshake {
  readonly key: string;
  readonly protocols: readonly string[];
  readonly extensions: string | undefined;
  /** Where the relay can accept a client before its backend: {@link UpgradeRequest.firstMessage}. */
  readonly firstMessage?: UpgradeRequest['firstMessage'] | undefined;
}

/**
 * Makes a request for {@link Gateway.admit} out of what a relay received; for relay authors, and for `explain`.
 *
 * The target may be in origin-form or in absolute-form; of the latter the authority counts, and it must be that of the
 * Host header (as Ocelot's server demands). Path and query stay as they are: dot segments are removed when a route is
 * matched, and what is matched is what is sent.
 *
 * Pseudo-header fields of HTTP/2 are no headers: the relay gives `:path` as the target and `:authority` as Host (RFC 9113
 * §8.3.1). A request of kind `http` may have no Host, as those of HTTP/1.0 have; that HTTP/1.1 needs one (RFC 9112 §3.2)
 * is checked by the server that read the request, which alone knows its version (`requireHostHeader` of node:http).
 *
 * @throws GatewayError UPGRADE_INVALID, for kind `http` REQUEST_INVALID (400), when the target holds a control character,
 *   a blank, a character outside ASCII, `#`, or a backslash in its path; when it is neither path nor http(s)/ws(s) URL;
 *   when there are several Host headers or an invalid one (RFC 9112 §3.2), or none on an upgrade (RFC 6455 §4.2.1).
 */
export function createGatewayRequest(received: ReceivedRequest): GatewayRequest {
  return new Request(received);
}

/** Adds what a WebSocket handshake has to a request of kind `upgrade`; for relay authors. */
export function createUpgradeRequest(request: GatewayRequest, handshake: ReceivedHandshake): UpgradeRequest {
  return new Upgrade(request, handshake);
}

// Both live as long as the session that comes of them: no closure, no index, nothing computed twice.

class Request implements GatewayRequest {
  readonly kind: GatewayRequest['kind'];
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly authority: string;
  readonly rawHeaders: readonly string[];
  readonly client: ClientPeer;

  constructor({ kind, method, target, rawHeaders, client }: ReceivedRequest) {
    const { path, query, authority } = readTarget(target, kind);
    this.kind = kind;
    this.method = method;
    this.path = path;
    this.query = query;
    this.authority = effectiveAuthority(hostHeader(rawHeaders, kind), authority, kind);
    this.host = hostOf(this.authority, kind);
    this.rawHeaders = rawHeaders;
    this.client = client;
  }

  header(name: string): string | undefined {
    return combinedHeader(this.rawHeaders, name);
  }
}

class Upgrade implements UpgradeRequest {
  readonly kind = 'upgrade';
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly authority: string;
  readonly rawHeaders: readonly string[];
  readonly client: ClientPeer;
  readonly key: string;
  readonly protocols: readonly string[];
  readonly extensions: string | undefined;
  declare readonly firstMessage?: NonNullable<UpgradeRequest['firstMessage']>;

  constructor(request: GatewayRequest, { key, protocols, extensions, firstMessage }: ReceivedHandshake) {
    this.method = request.method;
    this.path = request.path;
    this.query = request.query;
    this.host = request.host;
    this.authority = request.authority;
    this.rawHeaders = request.rawHeaders;
    this.client = request.client;
    this.key = key;
    this.protocols = protocols;
    this.extensions = extensions;
    if (firstMessage !== undefined) this.firstMessage = firstMessage;
  }

  header(name: string): string | undefined {
    return combinedHeader(this.rawHeaders, name);
  }
}

/** Values of one name are joined in their order (RFC 9110 §5.3); those of Cookie by `; ` (RFC 9113 §8.2.3). */
function combinedHeader(rawHeaders: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  let found: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const present = rawHeaders[index] ?? '';
    // Most names differ in length already: the text is folded only where it might fit.
    if (present.length !== wanted.length || present.toLowerCase() !== wanted) continue;
    const value = rawHeaders[index + 1] ?? '';
    found = found === undefined ? value : `${found}${wanted === 'cookie' ? '; ' : ', '}${value}`;
  }
  return found;
}

const HOST = 'host';

function hostHeader(rawHeaders: readonly string[], kind: GatewayRequest['kind']): string {
  let host: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length !== HOST.length || name.toLowerCase() !== HOST) continue;
    if (host !== undefined) throw requestFault(kind, 'There is more than one Host header.');
    host = (rawHeaders[index + 1] ?? '').trim();
  }
  if (host === undefined && kind === 'upgrade') throw requestFault(kind, 'There is no Host header.');
  return host ?? '';
}

function hostOf(authority: string, kind: GatewayRequest['kind']): string {
  const read = readAuthority(authority);
  if (read === undefined) throw requestFault(kind, 'The Host header is invalid.');
  return read.host;
}

function effectiveAuthority(header: string, target: string | undefined, kind: GatewayRequest['kind']): string {
  if (target === undefined || target.toLowerCase() === header.toLowerCase()) return header;
  if (header === '') return target;
  throw requestFault(kind, 'The host of the request target is not that of the Host header.');
}
