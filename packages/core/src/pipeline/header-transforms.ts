// A route without transforms has no stage and no rule here; one with them pays a lookup per entry, once per request.
import type { AnswerHead, Exchange, OutgoingHeaders } from '../contracts/exchange.js';
import type { HeaderTransform, Route } from '../contracts/route.js';
import type { Stage } from '../contracts/stage.js';
import { backendBaseUrl } from '../routing/backend-url.js';
import type { AnswerRules } from './exchange-init.js';
import { isRelayHeader } from './relay-headers.js';
import { type Instruction, readInstruction, resolvePlaceholder } from './transform-instruction.js';

/**
 * The stage behind `UpstreamHeaderTransform`, for upgrades too (Ocelot: HTTP only, HttpHeadersTransformationMiddleware).
 * Entries that find and replace run first, then those that set, each in the order of the file. The first of the
 * transform phase: what plugins write, such as headers from claims, stands over it, as in Ocelot.
 * @param baseUrl The value of `{BaseUrl}`.
 * @returns undefined when the route has none.
 */
export function requestTransforms(route: Route, baseUrl: string): Stage | undefined {
  const { replacements, additions } = compile(route.headerTransforms.request);
  if (replacements.length === 0 && additions.length === 0) return undefined;
  return (exchange) => {
    const { headers } = exchange.outgoing;
    for (const { name, find, text } of replacements) {
      const replacement = fill(text, exchange, baseUrl);
      if (replacement !== undefined) replaceFirst(headers, name, find, replacement);
    }
    for (const { name, text } of additions) {
      const value = fill(text, exchange, baseUrl);
      // Ocelot removes the client's header before it looks at the placeholder, and does not set it without a value.
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
  };
}

/**
 * What `DownstreamHeaderTransform` does to answers of the backend. Entries that find and replace run first; one that
 * adds leaves a header alone that the backend wrote. `{DownstreamBaseUrl}` finds the address of the endpoint that
 * answered, and then the replacement ends with a slash as it does: `"Location": "{DownstreamBaseUrl}, {BaseUrl}"`.
 * @param baseUrl The value of `{BaseUrl}`.
 * @returns undefined when the route has none.
 */
export function answerTransforms(route: Route, baseUrl: string): AnswerRules['transform'] {
  const { replacements, additions } = compile(route.headerTransforms.answer);
  if (replacements.length === 0 && additions.length === 0) return undefined;
  return ({ headers }: AnswerHead, exchange, endpoint) => {
    for (const { name, find, text } of replacements) {
      const replacement = fill(text, exchange, baseUrl);
      if (replacement === undefined) continue;
      if (find !== '{DownstreamBaseUrl}') replaceFirst(headers, name, find, replacement);
      else if (endpoint !== undefined) {
        const base = backendBaseUrl(route, endpoint, exchange.request);
        replaceFirst(headers, name, `${base}/`, replacement.endsWith('/') ? replacement : `${replacement}/`);
      }
    }
    for (const { name, text } of additions) {
      const value = fill(text, exchange, baseUrl);
      if (value !== undefined && headers.get(name) === undefined) headers.append(name, value);
    }
  };
}

interface Compiled {
  readonly replacements: readonly (Instruction & { readonly name: string; readonly find: string })[];
  readonly additions: readonly (Instruction & { readonly name: string })[];
}

/** What the gateway cannot do was reported when the configuration was read; here it is left out. */
function compile(transforms: readonly HeaderTransform[]): Compiled {
  const read = transforms
    .filter(({ name }) => !isRelayHeader(name))
    .map(({ name, instruction }) => ({ name, ...readInstruction(instruction) }));
  return {
    replacements: read.flatMap(({ find, ...rest }) => (find === undefined || find === '' ? [] : [{ ...rest, find }])),
    additions: read.filter(({ find }) => find === undefined),
  };
}

/** The text with the values of its placeholders; undefined when one has none for this request. */
function fill(text: Instruction['text'], exchange: Exchange, baseUrl: string): string | undefined {
  if (typeof text === 'string') return text;
  const value = resolvePlaceholder(text.placeholder, exchange, baseUrl);
  return value === undefined ? undefined : `${text.before}${value}${text.behind}`;
}

/**
 * Replaces every occurrence in the first line of a header; further lines stay as they are (Ocelot drops them, which loses
 * cookies).
 */
function replaceFirst(headers: OutgoingHeaders, name: string, find: string, replacement: string): void {
  const lines = linesOf(headers, name);
  const [first] = lines;
  if (first === undefined || !first.value.includes(find)) return;
  headers.delete(name);
  lines.forEach((line, index) => {
    headers.append(line.name, index === 0 ? line.value.replaceAll(find, () => replacement) : line.value);
  });
}

function linesOf({ raw }: OutgoingHeaders, name: string): readonly { readonly name: string; readonly value: string }[] {
  const folded = name.toLowerCase();
  const lines = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const written = raw[index] ?? '';
    if (written.toLowerCase() === folded) lines.push({ name: written, value: raw[index + 1] ?? '' });
  }
  return lines;
}
