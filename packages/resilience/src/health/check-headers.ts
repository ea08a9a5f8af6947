import { hostHeader } from '@ocelot/relay-kit';

import type { CheckTarget } from './connect-endpoint.js';
import type { HealthCheckOptions } from './health-check-options.js';

/** What backends find in their logs. */
const USER_AGENT = 'ocelot-health-check';

/** The headers of a check: those of the file over ours, names compared without case. */
export function checkHeaders({ endpoint, tls }: CheckTarget, { headers }: HealthCheckOptions): Record<string, string> {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  return {
    ...(given.has('host') ? {} : { Host: hostHeader(endpoint, tls !== undefined) }),
    ...(given.has('user-agent') ? {} : { 'User-Agent': USER_AGENT }),
    ...headers,
  };
}
