import type { GatewayRequest } from '../contracts/request.js';
import type { Params, Route } from '../contracts/route.js';
import type { GatewayError } from '../errors/gateway-error.js';
import { requestFault } from '../errors/request-fault.js';
import { mergeQueries, removeParameters } from './merge-query.js';
import { escapeForeign, hasDotSegment, readPath } from './request-path.js';
import { parseTemplate } from './template.js';

// Runs once per request: one text built from parts; the query is parsed only where Ocelot parses it.

/** Path and query for the backend. */
export interface RewrittenTarget {
  /** Begins with `/`. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
}

/** Makes the target for the backend out of a request and its params. */
export type Rewrite = (request: GatewayRequest, params: Params) => RewrittenTarget;

/**
 * Compiles `DownstreamPathTemplate`. Ocelot: DownstreamUrlCreatorMiddleware.
 *
 * - Each placeholder is replaced by its value, once: a value that looks like another placeholder stays text. One
 *   without a value is sent as it stands, escaped.
 * - A slash at the end of the result is dropped when the request path has none.
 * - The query goes through untouched, byte for byte, unless the template has one (then they are merged, the template's
 *   first) or there are placeholder values (then parameters named like a placeholder are taken out).
 *
 * The target is built from parts and is never parsed as a URL, so nothing in a request can change the host.
 *
 * @returns A function that throws GatewayError UPGRADE_INVALID or REQUEST_INVALID, by kind, for a value with a control
 *   character, and for values that make the path climb (`..`): no route may be left by a header or a query parameter.
 */
export function compileRewrite(route: Route): Rewrite {
  const { literals, names } = parseTemplate(route.rewrite.pathTemplate);
  const written = literals.map(escapeLiteral);
  const unknown = names.map((name) => escapeLiteral(`{${name}}`));
  const mark = written.findIndex((literal) => literal.includes('?'));
  if (names.length === 0) {
    const [fixed = ''] = written;
    return (request, params) => composeTarget(fixed, request, Object.keys(params));
  }
  return (request, params) => {
    let built = written[0] ?? '';
    let needsCheck = false;
    names.forEach((name, index) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      const isQuery = mark >= 0 && index >= mark;
      built += value === undefined ? unknown[index] : isQuery ? escapeValue(value, request) : pathValue(value, request);
      built += written[index + 1] ?? '';
      needsCheck ||= !isQuery && value !== undefined && /\.|%2e/i.test(value);
    });
    const target = composeTarget(built, request, Object.keys(params));
    if (needsCheck && hasDotSegment(target.path)) throw refuseValue(request, 'climb out of the path of the route');
    return target;
  };
}

/**
 * The last steps: the slash at the end, and the two queries.
 * @param built The template with its values.
 * @param names Names of all placeholders that have a value.
 */
export function composeTarget(built: string, request: GatewayRequest, names: readonly string[]): RewrittenTarget {
  const endsWithSlash = built.endsWith('/') && !readPath(request).raw.endsWith('/');
  const text = endsWithSlash ? built.replace(/\/+$/, '') : built;
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const rooted = path.startsWith('/') ? path : `/${path}`;
  const { query } = request;
  if (mark < 0) {
    const isUntouched = names.length === 0 || query === '';
    return { path: rooted, query: isUntouched ? query : removeParameters(query, names) };
  }
  const own = text.slice(mark);
  const merged = query === '' ? own : mergeQueries(query, own, names);
  return { path: rooted, query: merged === '?' ? '' : merged };
}

/** What may stand in no request target is escaped, also the braces of a placeholder without a value. */
function escapeLiteral(literal: string): string {
  return escapeForeign(literal).replace(/["#<>\\^`{|}]/g, encodeURIComponent);
}

/** Values of the path hold nothing to escape; those of the query and of headers may. */
function pathValue(value: string, request: GatewayRequest): string {
  return escapeValue(value, request).replaceAll('?', '%3F');
}

function escapeValue(value: string, request: GatewayRequest): string {
  if (/[\x00-\x1f\x7f]/.test(value)) throw refuseValue(request, 'hold a control character');
  return escapeForeign(value).replace(/[#\\]/g, encodeURIComponent);
}

function refuseValue({ kind }: GatewayRequest, fault: string): GatewayError {
  return requestFault(kind, `The values of the request's placeholders ${fault}.`);
}
