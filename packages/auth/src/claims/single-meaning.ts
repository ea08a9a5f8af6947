// Runs once per request of a route with RouteClaimsRequirement whose template has a query, or that matches headers.
import type { GatewayRequest, RouteMatch } from '@ocelot/core';

import { refuseClaim } from './claim-refusal.js';
import { countParameter } from './query-parameter.js';

/** Refuses a request; throws GatewayError FORBIDDEN. */
export type RequestCheck = (request: GatewayRequest) => void;

/**
 * Makes sure that the backend reads what claims were compared with: a request that says it once more, `?user=alice&
 * user=bob` on a route of `/feed?user={user}`, or `X_Tenant` beside `X-Tenant`, or that has its header taken out by
 * `Connection`, is authorized for the one and would be served for the other.
 * @returns undefined where a request can say nothing twice.
 */
export function singleMeaning({ pathTemplate, headers }: RouteMatch): RequestCheck | undefined {
  const parameters = parametersOf(pathTemplate);
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  if (parameters.size === 0 && names.length === 0) return undefined;
  return (request) => {
    for (const [name, count] of parameters) {
      if (countParameter(request.query, name) > count) throw refuse(name);
    }
    for (const name of names) if (isUnclear(request, name)) throw refuse(name);
  };
}

/** Names of the query of a template, with how often each stands there. */
function parametersOf(template: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const mark = template.indexOf('?');
  if (mark < 0) return counts;
  for (const piece of template.slice(mark + 1).split('&')) {
    const [name = ''] = piece.split('=', 1);
    if (name !== '' && name !== piece && !name.includes('{')) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Several lines are one value to whoever compares it, so they need no look. */
function isUnclear(request: GatewayRequest, name: string): boolean {
  const { rawHeaders } = request;
  const wanted = canonical(name);
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index]?.toLowerCase() ?? '';
    if (sent.length === name.length && sent !== name && canonical(sent) === wanted) return true;
  }
  const connection = request.header('connection') ?? '';
  return connection.split(',').some((option) => canonical(option.trim()) === wanted);
}

/** The name by which some backends look a header up (S13). */
function canonical(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

function refuse(name: string): ReturnType<typeof refuseClaim> {
  return refuseClaim('ClaimValueNotAuthorized', name, 'the request says it in two ways');
}
