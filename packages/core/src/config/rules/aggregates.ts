import type { FileAggregate, FileRoute } from '../file-config.js';
import { said } from '../in-use.js';
import type { FileRule } from './rule.js';

/** A GET route and an aggregate cannot answer the same path (compat 1.10, rule 15). */
export const aggregateHidesRoute: FileRule = (context) => {
  const aggregates = new Set((context.file.Aggregates ?? []).map(identity));
  if (aggregates.size === 0) return;
  for (const route of context.file.Routes ?? []) {
    const namesGet = (route.UpstreamHttpMethod ?? []).some((method) => method.trim().toUpperCase() === 'GET');
    if (!namesGet || !aggregates.has(identity(route))) continue;
    context.error({
      kind: 'RouteDuplicatesAggregate',
      at: route,
      key: 'UpstreamPathTemplate',
      message: `An aggregate answers GET for "${route.UpstreamPathTemplate ?? ''}" too.`,
      hint: 'Give the route or the aggregate another template.',
    });
  }
};

/** No two aggregates answer the same path (rule 16). */
export const duplicateAggregates: FileRule = (context) => {
  const aggregates = context.file.Aggregates ?? [];
  const names = aggregates.map(identity);
  for (const [index, aggregate] of aggregates.entries()) {
    const name = names[index];
    if (!names.some((other, place) => place !== index && other === name)) continue;
    context.error({
      kind: 'DuplicateAggregate',
      at: aggregate,
      key: 'UpstreamPathTemplate',
      message: `Another aggregate has the template "${aggregate.UpstreamPathTemplate ?? ''}".`,
      hint: 'Remove one, or give it another UpstreamHost.',
    });
  }
};

/** What an aggregate joins is there (rule 17), and none of it has a request id of its own (rule 18). */
export const aggregateRoutes: FileRule = (context) => {
  const routes = new Map((context.file.Routes ?? []).map((route) => [said(route.Key), route]));
  for (const aggregate of context.file.Aggregates ?? []) {
    const missing = (aggregate.RouteKeys ?? []).filter((key) => !routes.has(said(key)));
    if (missing.length === 0) continue;
    context.error({
      kind: 'AggregateRoutesMissing',
      at: aggregate,
      key: 'RouteKeys',
      message: `No route has the Key ${missing.map((key) => `"${key}"`).join(', ')}.`,
      hint: 'Correct the name, or give the route that Key.',
    });
  }
  for (const aggregate of context.file.Aggregates ?? []) {
    const own = (aggregate.RouteKeys ?? []).filter((key) => said(routes.get(said(key))?.RequestIdKey) !== undefined);
    if (own.length === 0) continue;
    context.error({
      kind: 'AggregateRouteHasRequestIdKey',
      at: aggregate,
      key: 'RouteKeys',
      message: `The route ${own.map((key) => `"${key}"`).join(', ')} of the aggregate has a RequestIdKey of its own.`,
      hint: 'Remove it there: all calls of an aggregate share one request id.',
    });
  }
};

function identity(entry: FileAggregate | FileRoute): string {
  return JSON.stringify([entry.UpstreamPathTemplate ?? '', said(entry.UpstreamHost) ?? '']);
}
