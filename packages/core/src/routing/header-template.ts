import type { GatewayRequest } from '../contracts/request.js';
import { parseHeaderTemplate } from './template.js';
import { captureGreedily, fits } from './wildcards.js';

/** The compiled `UpstreamHeaderTemplates` of one route. */
export interface HeaderPattern {
  readonly hasPlaceholders: boolean;
  /** The name of the first header that is absent or does not fit; undefined when all fit. */
  firstMismatch(request: GatewayRequest): string | undefined;
  /** Adds the values of the placeholders to `params`, without replacing what is there. Only after a full match. */
  capture(request: GatewayRequest, params: Record<string, string>): void;
}

interface HeaderRule {
  readonly name: string;
  readonly foldedName: string;
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/**
 * Compiles header templates: all must fit, from end to end. Names are looked up without case; several values are joined
 * by a bare comma, as Ocelot joins them (not as {@link GatewayRequest.header} does); each `{header:name}` takes one or
 * more characters, the first one as many as it can. Ocelot: HeadersToHeaderTemplatesMatcher.
 */
export function compileHeaderPattern(
  templates: Readonly<Record<string, string>>,
  isCaseSensitive: boolean,
): HeaderPattern | undefined {
  const fold = (text: string): string => (isCaseSensitive ? text : foldAscii(text));
  const rules = Object.entries(templates).map(([name, template]): HeaderRule => {
    const { literals, names } = parseHeaderTemplate(template);
    return { name, foldedName: name.toLowerCase(), literals: literals.map(fold), names };
  });
  if (rules.length === 0) return undefined;
  return {
    hasPlaceholders: rules.some((rule) => rule.names.length > 0),
    firstMismatch: (request) =>
      rules.find((rule) => {
        const value = joinedValue(request.rawHeaders, rule.foldedName);
        return value === undefined || !fits(fold(value), 0, value.length, rule.literals, 1);
      })?.name,
    capture: (request, params) => {
      for (const rule of rules) {
        const value = joinedValue(request.rawHeaders, rule.foldedName) ?? '';
        captureRule(rule, value, fold(value), params);
      }
    },
  };
}

function captureRule(rule: HeaderRule, value: string, folded: string, params: Record<string, string>): void {
  if (rule.names.length === 0) return;
  const from = rule.literals[0]?.length ?? 0;
  const stop = folded.length - (rule.literals.at(-1)?.length ?? 0);
  const bounds = captureGreedily(folded, from, stop, rule.literals.slice(1, -1), 1);
  rule.names.forEach((name, index) => {
    params[name] ??= value.slice(bounds?.[2 * index], bounds?.[2 * index + 1]);
  });
}

function joinedValue(rawHeaders: readonly string[], foldedName: string): string | undefined {
  let joined: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length !== foldedName.length || name.toLowerCase() !== foldedName) continue;
    const value = rawHeaders[index + 1] ?? '';
    joined = joined === undefined ? value : `${joined},${value}`;
  }
  return joined;
}

/** Keeps the length, so that positions in the folded text are positions in the value. */
function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
