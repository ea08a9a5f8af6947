import type { FileRoute } from '../file-config.js';
import type { FileRule, RouteRule } from './rule.js';

/** Ocelot counts as repeated only what it takes for a placeholder here: word characters in braces. */
const WORD_PLACEHOLDER = /\{\w+\}/g;
const ANY_PLACEHOLDER = /\{[^{}]*\}/g;
const HEADER_PLACEHOLDER = /\{header:([^{}]*)\}/gi;

/** A placeholder has one value, so it may appear once in a template (compat 1.10, rule 13). */
export const repeatedPlaceholders: FileRule = (context) => {
  const routes = context.file.Routes ?? [];
  for (const side of ['Upstream', 'Downstream'] as const) {
    for (const route of routes) {
      const key = `${side}PathTemplate` as const;
      const repeated = firstRepeated((route[key] ?? '').match(WORD_PLACEHOLDER) ?? []);
      if (repeated === undefined) continue;
      context.error({
        kind: `${side}PlaceholderDuplicated`,
        at: route,
        key,
        message: `${key} "${route[key] ?? ''}" names ${repeated} twice.`,
        hint: 'Give the second placeholder another name.',
      });
    }
  }
};

/** A placeholder that the request cannot fill is sent as it stands, braces and all. */
export const unfilledPlaceholders: RouteRule = (route, context) => {
  const filled = new Set(placeholdersOf(route));
  const unfilled = ((route.DownstreamPathTemplate ?? '').match(ANY_PLACEHOLDER) ?? []).filter(
    (name) => !filled.has(name),
  );
  if (unfilled.length === 0) return;
  context.warn({
    kind: 'PlaceholderUnfilled',
    at: route,
    key: 'DownstreamPathTemplate',
    message: `${unfilled.join(', ')} of DownstreamPathTemplate is not in UpstreamPathTemplate; it is sent to the backend as it stands.`,
    hint: 'Use the same name in both templates; names are compared with case.',
  });
};

function placeholdersOf(route: FileRoute): readonly string[] {
  const headers = Object.values(route.UpstreamHeaderTemplates ?? {}).flatMap((template) =>
    [...template.matchAll(HEADER_PLACEHOLDER)].map((match) => `{${match[1] ?? ''}}`),
  );
  const claims = Object.keys(route.ChangeDownstreamPathTemplate ?? {}).map((name) => `{${name}}`);
  return [...((route.UpstreamPathTemplate ?? '').match(ANY_PLACEHOLDER) ?? []), ...headers, ...claims];
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}
