import type { Params, Route } from '../contracts/route.js';
import { compileHeaderPattern, type HeaderPattern } from './header-template.js';
import { compilePathPattern, type PathPattern } from './path-pattern.js';
import { compilePlaceholders, createParams } from './placeholders.js';
import type { RequestView } from './request-view.js';

/** One route, compiled for matching; what it cannot tell is whether its host covers the request's. */
export interface Candidate {
  readonly route: Route;
  readonly pattern: PathPattern;
  /** Whether method, path and headers fit. No allocation. */
  accepts(view: RequestView): boolean;
  /** The first thing that does not fit, in words for people; undefined when all fits. */
  objection(view: RequestView): string | undefined;
  /** The placeholder values of path, query and headers. Only for a request it accepts. */
  params(view: RequestView): Params;
}

/** Compiles method, path, query and header conditions of one route. */
export function compileCandidate(route: Route): Candidate {
  const { caseSensitive, pathTemplate, headers } = route.match;
  const pattern = compilePathPattern(pathTemplate, caseSensitive);
  const header = compileHeaderPattern(headers, caseSensitive);
  const methods = route.match.methods.map((method) => method.toUpperCase());
  const placeholders = compilePlaceholders(pathTemplate);

  // Ocelot compares methods without case; as good as every request has them in upper case.
  const acceptsMethod = ({ request: { method } }: RequestView): boolean =>
    methods.length === 0 || methods.includes(method) || methods.includes(method.toUpperCase());
  const acceptsPath = (view: RequestView): boolean =>
    pattern.matches(
      caseSensitive ? view.path : view.foldedPath,
      pattern.hasQuery ? (caseSensitive ? view.request.query : view.foldedQuery) : '',
    );

  return {
    route,
    pattern,
    accepts: (view) =>
      acceptsMethod(view) &&
      acceptsPath(view) &&
      (header === undefined || header.firstMismatch(view.request) === undefined),
    objection: (view) => {
      const { request } = view;
      if (!acceptsMethod(view)) return `method ${request.method} is not one of ${methods.join(', ')}`;
      if (!acceptsPath(view)) return pathObjection(pattern, view, pathTemplate);
      const name = header?.firstMismatch(request);
      if (name === undefined) return undefined;
      return request.header(name) === undefined
        ? `header ${name} is absent`
        : `header ${name} does not match "${headers[name] ?? ''}"`;
    },
    params: (view) => withHeaders(placeholders(view), header, view),
  };
}

function pathObjection(pattern: PathPattern, view: RequestView, template: string): string {
  if (!pattern.hasQuery) return `path ${view.path} does not match ${template}`;
  return `path and query ${view.path}${view.request.query} do not match ${template}`;
}

function withHeaders(params: Params, header: HeaderPattern | undefined, view: RequestView): Params {
  if (header?.hasPlaceholders !== true) return params;
  const all = Object.assign(createParams(), params);
  header.capture(view.request, all);
  return Object.freeze(all);
}
