import { readLiteral } from './request-path.js';
import { isCatchAllTemplate, parseTemplate } from './template.js';
import { fits } from './wildcards.js';

// `matches` runs for each candidate of each request: no allocation, no regular expression.

/** A path template, compiled for matching. Placeholder values are another step: {@link compilePlaceholders}. */
export interface PathPattern {
  readonly isCatchAll: boolean;
  /** The texts that match, when there is no placeholder and no query; undefined otherwise. */
  readonly literals: readonly string[] | undefined;
  /**
   * The leading segments that every matching path has, after its first slash; undefined stands for one that holds a
   * placeholder. For an index.
   */
  readonly prefix: readonly (string | undefined)[];
  /** Whether the query takes part. */
  readonly hasQuery: boolean;
  /**
   * @param path In the form of {@link RequestPath.text}, in lower case unless the pattern is case-sensitive.
   * @param query With its `?` or empty, in the same case.
   */
  matches(path: string, query: string): boolean;
}

/** The literals of one segment, gaps between them. */
type Segment = readonly string[];

/**
 * Compiles an `UpstreamPathTemplate`. A placeholder takes one or more characters up to the next slash; one in the last
 * segment takes anything, and where the last segment begins with it, the whole segment with its slash is optional. A
 * template that ends with a slash matches without it too. Literals are literals (in Ocelot they are parts of a regular
 * expression). Ocelot: UpstreamTemplatePatternCreator.
 *
 * In a template with `?` the query takes part, raw and by position; the `?`, and a slash before it, may be missing where
 * nothing has to follow it.
 */
export function compilePathPattern(template: string, isCaseSensitive: boolean): PathPattern {
  if (isCatchAllTemplate(template)) {
    return { isCatchAll: true, literals: undefined, prefix: [], hasQuery: false, matches: () => true };
  }
  const parsed = parseTemplate(template);
  const fold = (text: string): string => (isCaseSensitive ? text : text.toLowerCase());
  const mark = parsed.literals.findIndex((literal) => literal.includes('?'));
  if (mark >= 0) return compileWithQuery(parsed.literals, mark, fold);

  const segments = cutSegments(parsed.literals.map((literal) => fold(readLiteral(literal))));
  const isLastOptional = template !== '/' && segments.at(-1)?.[0] === '';
  const isLiteral = parsed.names.length === 0;
  const whole = segments.map((segment) => segment[0] ?? '').join('/');
  const last = segments.at(-1) ?? [];
  const isFixed = last.length === 1 && !isLastOptional;
  return {
    isCatchAll: false,
    literals: isLiteral ? (isLastOptional ? [whole.slice(0, -1), whole] : [whole]) : undefined,
    prefix: prefixOf(isFixed ? segments : segments.slice(0, -1)),
    hasQuery: false,
    matches: (path) => matchesPath(path, segments, isLastOptional),
  };
}

function compileWithQuery(literals: readonly string[], mark: number, fold: (text: string) => string): PathPattern {
  const marked = literals[mark] ?? '';
  const at = marked.indexOf('?');
  const before = [...literals.slice(0, mark), marked.slice(0, at).replace(/\/$/, '')];
  const segments = cutSegments(before.map((literal) => fold(readLiteral(literal))));
  const tails = optionalEnd([marked.slice(at + 1), ...literals.slice(mark + 1)].map(fold));
  return {
    isCatchAll: false,
    literals: undefined,
    prefix: prefixOf(segments),
    hasQuery: true,
    matches: (path, query) =>
      matchesHead(path, segments) && tails.some((tail) => fits(query, query === '' ? 0 : 1, query.length, tail, 0)),
  };
}

/** Also in a query a last slash is optional, with what follows it if that begins with a placeholder. */
function optionalEnd(tail: readonly string[]): readonly (readonly string[])[] {
  const index = tail.findLastIndex((literal) => literal.includes('/'));
  const literal = tail[index];
  if (literal === undefined || !literal.endsWith('/')) return [tail];
  return [tail, [...tail.slice(0, index), literal.slice(0, -1)]];
}

/** Cuts at the slashes: the literals of each segment. */
function cutSegments(literals: readonly string[]): readonly Segment[] {
  const segments: string[][] = [[]];
  for (const literal of literals) {
    const pieces = literal.split('/');
    segments.at(-1)?.push(pieces[0] ?? '');
    for (const piece of pieces.slice(1)) segments.push([piece]);
  }
  return segments;
}

/** Without the empty text before the leading slash. */
function prefixOf(segments: readonly Segment[]): readonly (string | undefined)[] {
  return segments.slice(1).map((segment) => (segment.length === 1 ? segment[0] : undefined));
}

function matchesPath(path: string, segments: readonly Segment[], isLastOptional: boolean): boolean {
  const last = segments.length - 1;
  let from = 0;
  for (let index = 0; index < last; index += 1) {
    const slash = path.indexOf('/', from);
    const end = slash < 0 ? path.length : slash;
    if (!fits(path, from, end, segments[index] ?? [], 1)) return false;
    if (slash < 0) return isLastOptional && index === last - 1;
    from = slash + 1;
  }
  return fits(path, from, path.length, segments[last] ?? [], 0);
}

/** The path before a `?`: every placeholder stays in its segment, one slash may follow. */
function matchesHead(path: string, segments: readonly Segment[]): boolean {
  const last = segments.length - 1;
  let from = 0;
  for (let index = 0; index < last; index += 1) {
    const slash = path.indexOf('/', from);
    if (slash < 0 || !fits(path, from, slash, segments[index] ?? [], 1)) return false;
    from = slash + 1;
  }
  const slash = path.indexOf('/', from);
  const end = slash < 0 ? path.length : slash;
  return (slash < 0 || slash === path.length - 1) && fits(path, from, end, segments[last] ?? [], 1);
}
