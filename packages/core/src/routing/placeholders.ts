import type { Params } from '../contracts/route.js';
import { readLiteral } from './request-path.js';
import type { RequestView } from './request-view.js';
import { parseTemplate } from './template.js';
import { captureGreedily } from './wildcards.js';

// Runs once per request, for the route that answers.

/**
 * The params of a route without placeholders, one object for all, and the prototype of all others: so they hold no
 * inherited names, and V8 keeps them in its fast form, which it does not for objects without any prototype.
 */
const NO_PARAMS: Params = Object.freeze(Object.create(null));

/** Params to be filled in and frozen. */
export function createParams(): Record<string, string> {
  return Object.create(NO_PARAMS);
}

/**
 * Compiles the second step of matching: what the placeholders of a path template stand for. Its rules are not those of
 * the first step (Ocelot: UrlPathPlaceholderNameAndValueFinder):
 *
 * - literals are always compared without case, and the end is not anchored;
 * - a placeholder takes everything up to `/`, `|` or `&`; the last one up to `&`;
 * - where that fails and the template ends with a placeholder, it is tried again with a slash added to the path;
 * - where it fails for good there are no values at all, though the route matched: `{x}` is then sent as it stands;
 * - a template whose only placeholder is its whole query has the empty text for it; the query itself is passed on by
 *   {@link compileRewrite}.
 */
export function compilePlaceholders(template: string): (view: RequestView) => Params {
  const { literals: written, names } = parseTemplate(template);
  if (names.length === 0) return () => NO_PARAMS;
  const [name = ''] = names;
  if (names.length === 1 && written[0]?.endsWith('?') === true && written[1] === '') {
    const nothing = paramsOf([name], () => '');
    return () => nothing;
  }
  const mark = written.findIndex((literal) => literal.includes('?'));
  const hasQuery = mark >= 0;
  const literals = written.map((literal, index) => {
    const isQuery = hasQuery && index > mark;
    return (isQuery ? literal : readLiteralBeforeQuery(literal)).toLowerCase();
  });
  const runs = cutRuns(literals);
  const end = literals.at(-1) ?? '';
  const endsWithPlaceholder = !hasQuery && (end === '' || end === '/');
  return (view) => {
    const text = hasQuery ? view.foldedPath + view.foldedQuery : view.foldedPath;
    const bounds =
      capture(text, literals, runs) ?? (endsWithPlaceholder ? capture(`${text}/`, literals, runs) : undefined);
    if (bounds === undefined) return NO_PARAMS;
    return paramsOf(names, (index) => view.slice(bounds[2 * index] ?? 0, bounds[2 * index + 1] ?? 0));
  };
}

function paramsOf(names: readonly string[], value: (index: number) => string): Params {
  const params = createParams();
  for (let index = 0; index < names.length; index += 1) params[names[index] ?? ''] = value(index);
  return Object.freeze(params);
}

/** The query is compared raw, the path in its matching form. */
function readLiteralBeforeQuery(literal: string): string {
  const mark = literal.indexOf('?');
  return mark < 0 ? readLiteral(literal) : readLiteral(literal.slice(0, mark)) + literal.slice(mark);
}

/** Placeholders that share one stretch without delimiter: `literals[last]`, which follows them, ends it. */
interface Run {
  /** Literals between the placeholders of the run. */
  readonly inner: readonly string[];
  readonly closing: string;
  /** Where the closing literal has its first delimiter; -1: it has none, and the run is the last one. */
  readonly delimiterAt: number;
  readonly isLast: boolean;
}

function cutRuns(literals: readonly string[]): readonly Run[] {
  const runs: Run[] = [];
  let inner: string[] = [];
  literals.slice(1).forEach((closing, index) => {
    const isLast = index === literals.length - 2;
    const delimiterAt = closing.search(isLast ? /&/ : /[/|&]/);
    if (!isLast && delimiterAt < 0) {
      inner.push(closing);
      return;
    }
    runs.push({ inner, closing, delimiterAt, isLast });
    inner = [];
  });
  return runs;
}

function capture(text: string, literals: readonly string[], runs: readonly Run[]): number[] | undefined {
  const first = literals[0] ?? '';
  if (!text.startsWith(first)) return undefined;
  const bounds: number[] = [];
  let from = first.length;
  for (const run of runs) {
    const captured = run.isLast ? captureLast(text, from, run) : captureRun(text, from, run);
    if (captured === undefined) return undefined;
    bounds.push(...captured);
    from = (captured.at(-1) ?? 0) + run.closing.length;
  }
  return bounds;
}

/** The delimiter in the closing literal is the first one after the placeholders, so its place is fixed. */
function captureRun(text: string, from: number, run: Run): number[] | undefined {
  const stop = nextDelimiter(text, from) - run.delimiterAt;
  if (stop < from || !text.startsWith(run.closing, stop)) return undefined;
  return captureGreedily(text, from, stop, run.inner, 0);
}

function captureLast(text: string, from: number, run: Run): number[] | undefined {
  const ampersand = text.indexOf('&', from);
  const reach = ampersand < 0 ? text.length : ampersand;
  const latest = run.delimiterAt < 0 ? reach - run.closing.length : reach - run.delimiterAt;
  if (latest < from) return undefined;
  const stop = text.lastIndexOf(run.closing, latest);
  if (stop < from || (run.delimiterAt >= 0 && stop !== latest)) return undefined;
  if (run.inner.length === 0) return [from, stop];
  // All but the last placeholder end before a slash; the last one goes on from there to `stop`.
  const bounds = captureGreedily(text, from, Math.min(stop, nextDelimiter(text, from)), run.inner, 0);
  if (bounds !== undefined) bounds[bounds.length - 1] = stop;
  return bounds;
}

function nextDelimiter(text: string, from: number): number {
  for (let index = from; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === 0x2f || character === 0x7c || character === 0x26) return index;
  }
  return text.length;
}
