import type { FileRoute } from '../file-config.js';
import { said } from '../in-use.js';
import type { FileRule } from './rule.js';

/**
 * No two routes answer the same requests (compat 1.10, rule 11): same template with its case, same host, same header
 * templates, and methods that overlap; an empty list of methods overlaps with any. Priority does not separate them.
 */
export const duplicateRoutes: FileRule = (context) => {
  const groups = new Map<string, FileRoute[]>();
  for (const route of context.file.Routes ?? []) {
    if (said(route.UpstreamPathTemplate) === undefined) continue;
    const key = identity(route);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [route]);
    else group.push(route);
  }
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    for (const route of group) {
      if (!group.some((other) => other !== route && overlap(route, other))) continue;
      context.error({
        kind: 'DuplicateRoute',
        at: route,
        key: 'UpstreamPathTemplate',
        message: `Another route answers the same requests for "${route.UpstreamPathTemplate ?? ''}".`,
        hint: 'Remove one, or tell them apart by UpstreamHttpMethod, UpstreamHost or UpstreamHeaderTemplates.',
      });
    }
  }
};

function identity(route: FileRoute): string {
  const headers = Object.entries(route.UpstreamHeaderTemplates ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([route.UpstreamPathTemplate, said(route.UpstreamHost) ?? '', headers]);
}

function overlap(a: FileRoute, b: FileRoute): boolean {
  const [left, right] = [methodsOf(a), methodsOf(b)];
  return left.length === 0 || right.length === 0 || left.some((method) => right.includes(method));
}

function methodsOf(route: FileRoute): readonly string[] {
  return (route.UpstreamHttpMethod ?? []).map((method) => method.trim().toUpperCase());
}
