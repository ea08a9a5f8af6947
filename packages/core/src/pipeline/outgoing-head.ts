import type { OutgoingHead, OutgoingHeaders } from '../contracts/exchange.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { GatewayError } from '../errors/gateway-error.js';
import { requestFault } from '../errors/request-fault.js';
import type { RewrittenTarget } from '../routing/rewrite.js';
import { canonicalHeaderName, HOP_BY_HOP } from './relay-headers.js';

// Built once per request, in one pass over the client's headers. Nothing is sorted or joined; names and values are the
// client's own texts.

/** The head for the backend while core owns it: stages change it, then `freeze` ends that. */
export interface FreezableOutgoingHead extends OutgoingHead {
  /** From now on every setter throws TypeError. Idempotent. */
  freeze(): void;
}

/**
 * Makes the head for the backend: the rewritten target, and the client's headers in their order, with their case and
 * their duplicates, without those of the hop: `Connection` and what it names, `Keep-Alive`, `Proxy-Connection`,
 * `Proxy-Authorization`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade`, `HTTP2-Settings` (RFC 9110 §7.6.1), `Host`,
 * every `Sec-WebSocket-*` but an upgrade's offers (`-Protocol`, `-Extensions`), for upgrades `Content-Length`, and for
 * kind `http` `Expect` (RFC 9110 §10.1.1: the relay meets it, or sends its own; it reads the client's from the request);
 * all of them also in the spelling `a_b`. The relay writes its own. The `Content-Length` of a plain request is kept as it
 * came: how the body is framed is for the relay to decide (RFC 9112 §6.3), so it replaces or keeps the line.
 * `x_forwarded_for`, `x_client_cert_subject` and their like are dropped from every client, also from trusted ones.
 *
 * @throws GatewayError UPGRADE_INVALID, for kind `http` REQUEST_INVALID, when a header of the client has an invalid name
 *   or value; a pseudo-header field of HTTP/2 (`:path`) is such a name. Setters throw the same.
 */
export function createOutgoingHead(request: GatewayRequest, target: RewrittenTarget): FreezableOutgoingHead {
  return new Head(target, endToEnd(request), request.kind);
}

/** A token (RFC 9110 §5.6.2). */
const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
/** What a value may not hold; beyond one byte, because cutting `U+010D` to a byte makes a CR of it. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_IN_TARGET = /[^\x21-\x7e]|#/;

/** The headers of an answer, to be changed: a copy of `raw`, name, value, …. Setters throw TypeError. */
export function createAnswerHeaders(raw: readonly string[]): OutgoingHeaders {
  return new Headers([...raw], 'answer');
}

class Head implements FreezableOutgoingHead {
  readonly headers: Headers;
  readonly #kind: GatewayRequest['kind'];
  #path: string;
  #query: string;

  constructor(target: RewrittenTarget, raw: string[], kind: GatewayRequest['kind']) {
    this.headers = new Headers(raw, kind);
    this.#kind = kind;
    this.#path = checkedPath(target.path, kind);
    this.#query = checkedQuery(target.query, kind);
  }

  get path(): string {
    return this.#path;
  }

  set path(path: string) {
    this.headers.assertOpen();
    this.#path = checkedPath(path, this.#kind);
  }

  get query(): string {
    return this.#query;
  }

  set query(query: string) {
    this.headers.assertOpen();
    this.#query = checkedQuery(query, this.#kind);
  }

  freeze(): void {
    this.headers.freeze();
  }
}

/** Whose headers: those of a request for the backend, by its kind, or those of an answer. */
type HeadersOf = GatewayRequest['kind'] | 'answer';

class Headers implements OutgoingHeaders {
  readonly #raw: string[];
  readonly #of: HeadersOf;
  #isFrozen = false;

  constructor(raw: string[], of: HeadersOf) {
    this.#raw = raw;
    this.#of = of;
  }

  get raw(): readonly string[] {
    return this.#raw;
  }

  get(name: string): string | undefined {
    const folded = name.toLowerCase();
    const values = this.#raw.filter((_, index) => index % 2 === 1 && this.#raw[index - 1]?.toLowerCase() === folded);
    return values.length === 0 ? undefined : values.join(folded === 'cookie' ? '; ' : ', ');
  }

  set(name: string, value: string): void {
    this.assertOpen();
    this.#assert(name, value);
    this.delete(name);
    this.#raw.push(name, value);
  }

  append(name: string, value: string): void {
    this.assertOpen();
    this.#assert(name, value);
    this.#raw.push(name, value);
  }

  delete(name: string): void {
    this.assertOpen();
    // Aliases matter to backends that make variables of headers; an answer is read by a client.
    const fold = this.#of === 'answer' ? lowerCase : canonicalHeaderName;
    const wanted = fold(name);
    for (let index = this.#raw.length - 2; index >= 0; index -= 2) {
      const name = this.#raw[index] ?? '';
      // Most names differ in length already: the text is folded only where it might fit.
      if (name.length === wanted.length && fold(name) === wanted) this.#raw.splice(index, 2);
    }
  }

  freeze(): void {
    this.#isFrozen = true;
    Object.freeze(this.#raw);
  }

  assertOpen(): void {
    if (this.#isFrozen) throw new TypeError('The head for the backend cannot be changed after the transform phase.');
  }

  #assert(name: string, value: string): void {
    if (!NAME.test(name)) throw new TypeError(`"${name}" is no header name.`);
    if (!NOT_IN_VALUE.test(value)) return;
    if (this.#of !== 'answer') throw refuseHeader(this.#of, name);
    throw new TypeError(`The value of ${name} holds a character that no header may hold.`);
  }
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}

function endToEnd(request: GatewayRequest): string[] {
  const { rawHeaders, kind } = request;
  const named = connectionOptions(request);
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const canonical = canonicalHeaderName(name);
    if (HOP_BY_HOP.has(canonical) || (canonical.startsWith('sec-websocket-') && !isOffer(request, name))) continue;
    if (name.includes('_') && isClaim(canonical)) continue;
    if (named?.has(canonical) === true || isFraming(kind, name, canonical)) continue;
    if (!NAME.test(name) || NOT_IN_VALUE.test(value)) throw refuseHeader(kind, name);
    kept.push(name, value);
  }
  return kept;
}

/** What a proxy in front may say of a client, in its one spelling only. */
function isClaim(canonical: string): boolean {
  return canonical.startsWith('x-forwarded-') || canonical.startsWith('x-client-cert-');
}

/** What an upgrade offers the backend: a stage may change it before the relay sends it. */
function isOffer({ kind }: GatewayRequest, name: string): boolean {
  const folded = name.toLowerCase();
  return kind === 'upgrade' && (folded === 'sec-websocket-protocol' || folded === 'sec-websocket-extensions');
}

/** A plain request keeps its `Content-Length`, but not as `Content_Length`, by which some backends would cut the body. */
function isFraming(kind: GatewayRequest['kind'], name: string, canonical: string): boolean {
  if (canonical === 'content-length') return kind === 'upgrade' || name.includes('_');
  return kind === 'http' && canonical === 'expect';
}

/** Undefined in the ordinary case, a `Connection` that names only `Upgrade`, `keep-alive` or `close`. */
function connectionOptions(request: GatewayRequest): ReadonlySet<string> | undefined {
  const connection = request.header('connection');
  if (connection === undefined || /^(?:upgrade|keep-alive|close)$/i.test(connection)) return undefined;
  return new Set(connection.split(',').map((option) => canonicalHeaderName(option.trim())));
}

function refuseHeader(kind: GatewayRequest['kind'], name: string): GatewayError {
  return requestFault(kind, 'A header holds a character that it may not hold.', { header: name });
}

function checkedPath(path: string, kind: GatewayRequest['kind']): string {
  if (!path.startsWith('/') || path.includes('?') || NOT_IN_TARGET.test(path)) throw refuseTarget(kind, 'path');
  return path;
}

function checkedQuery(query: string, kind: GatewayRequest['kind']): string {
  if ((query !== '' && !query.startsWith('?')) || NOT_IN_TARGET.test(query)) throw refuseTarget(kind, 'query');
  return query;
}

function refuseTarget(kind: GatewayRequest['kind'], part: string): GatewayError {
  return requestFault(kind, `The ${part} for the backend is invalid.`);
}
