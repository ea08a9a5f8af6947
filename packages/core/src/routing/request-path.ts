import type { GatewayRequest } from '../contracts/request.js';
import type { GatewayError } from '../errors/gateway-error.js';
import { requestFault } from '../errors/request-fault.js';

// Runs once per request. The ordinary path (no escape, no dot segment) costs two scans and one small object.

/** A request's path, ready to be compared with templates. */
export interface RequestPath {
  /** As received, dot segments removed: values of placeholders are cut out of it, so what is sent keeps its bytes. */
  readonly raw: string;
  /**
   * What templates are compared with: escapes of characters that may stand in a path are decoded, all others are in
   * upper case, and what may not stand in a path is escaped. An escaped slash stays an escape (Ocelot: the path as
   * Kestrel decodes it and `ToUriComponent` writes it again).
   */
  readonly text: string;
  /** Where each character of `text` begins in `raw`, and the end; undefined when both are the same. */
  readonly offsets: readonly number[] | undefined;
}

const PLAIN = /^[\w\-.~!$&'()*+,;=:@/]*$/;
const UNSAFE = /[^\x21-\x7e]|[\\#]|%00/;
const ENCODED_DOT = /%2e/gi;
/** An encoded slash or backslash: some backends decode it before they remove dot segments. */
const ENCODED_SEPARATOR = /%2f|%5c/i;
const PATH_CHARACTER = /[\w\-.~!$&'()*+,;=:@/]/;
const ESCAPE = /^%[0-9a-f]{2}/i;

/**
 * Reads the path of a request for matching.
 *
 * Dot segments, written plainly or as `%2e`, are removed as Ocelot's server does before it routes (RFC 3986 §5.2.4),
 * and what is left is what is matched and sent: gateway and backend cannot disagree on the path. A segment that would
 * become a dot segment only in a backend that decodes more (`..%2f`, `..%5c`, `..;x`) is refused.
 *
 * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID, by kind, for such a segment, a backslash, a `#`, `%00`, a
 *   control character, a blank or a character outside ASCII.
 */
export function readPath({ path, kind }: Pick<GatewayRequest, 'path' | 'kind'>): RequestPath {
  if (!path.includes('/.') && PLAIN.test(path)) return { raw: path, text: path, offsets: undefined };
  if (UNSAFE.test(path)) throw refusePath(kind, 'a character that may not stand in a path');
  const raw = withoutDotSegments(path, kind);
  if (PLAIN.test(raw)) return { raw, text: raw, offsets: undefined };
  const offsets: number[] = [];
  const text = toMatchingText(raw, offsets);
  return text === raw ? { raw, text, offsets: undefined } : { raw, text, offsets };
}

/** The form in which a literal of a template is compared, the same as that of the paths it is compared with. */
export function readLiteral(literal: string): string {
  if (PLAIN.test(literal)) return literal;
  return toMatchingText(escapeForeign(literal), []);
}

/** Escapes what may stand in no URL (blanks, controls, everything outside ASCII) as UTF-8, and nothing else. */
export function escapeForeign(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** Whether a path holds a segment `.` or `..`, or one that more decoding would turn into it. */
export function hasDotSegment(path: string): boolean {
  return path.split('/').some((segment) => isDotSegment(decodeDots(segment)) || hidesDotSegment(segment));
}

function withoutDotSegments(path: string, kind: GatewayRequest['kind']): string {
  const kept: string[] = [];
  const segments = path.split('/');
  segments.forEach((segment, index) => {
    const dots = decodeDots(segment);
    if (!isDotSegment(dots)) {
      if (hidesDotSegment(segment)) throw refusePath(kind, 'a segment that decodes to a dot segment');
      kept.push(segment);
      return;
    }
    // The first element is the empty text before the leading slash: nothing climbs above it.
    if (dots === '..' && kept.length > 1) kept.pop();
    if (index === segments.length - 1) kept.push('');
  });
  return kept.join('/');
}

function decodeDots(segment: string): string {
  return segment.includes('%') ? segment.replace(ENCODED_DOT, '.') : segment;
}

function isDotSegment(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** `..%2fx` for backends that decode slashes, `..;x` for those that cut path parameters off (servlet containers). */
function hidesDotSegment(segment: string): boolean {
  return decodeDots(segment)
    .split(ENCODED_SEPARATOR)
    .some((part) => part.startsWith('.') && isDotSegment(part.split(/;|%3b/i, 1)[0] ?? ''));
}

function toMatchingText(raw: string, offsets: number[]): string {
  let text = '';
  for (let index = 0; index < raw.length;) {
    const from = index;
    const escape = ESCAPE.exec(raw.slice(index, index + 3))?.[0];
    const character =
      escape === undefined ? raw.charAt(index) : String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    index += escape?.length ?? 1;
    const isLiteral = PATH_CHARACTER.test(character) && !(escape !== undefined && character === '/');
    const written = isLiteral ? character : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
    for (let part = 0; part < written.length; part += 1) offsets.push(from);
    text += written;
  }
  offsets.push(raw.length);
  return text;
}

function refusePath(kind: GatewayRequest['kind'], reason: string): GatewayError {
  return requestFault(kind, `The request path holds ${reason}.`);
}
