import { createEndpoint } from '@ocelot/core';

import type { CheckTarget } from '../../src/health/connect-endpoint.js';
import type { HealthCheckOptions } from '../../src/health/health-check-options.js';
import type { Check } from '../../src/health/tcp-check.js';

/** A target on this host without TLS. */
export function targetOf(port: number, parts: Partial<CheckTarget> = {}): CheckTarget {
  return { endpoint: parts.endpoint ?? createEndpoint({ host: '127.0.0.1', port }), tls: parts.tls };
}

/** Asks once, with five seconds of time unless `timeoutMs` says less. */
export function ask(check: Check, target: CheckTarget, options: Partial<HealthCheckOptions> = {}): Promise<void> {
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), options.timeoutMs ?? 5000);
  const whole: HealthCheckOptions = {
    type: 'tcp',
    path: '/',
    intervalMs: 1000,
    timeoutMs: 1000,
    healthyThreshold: 1,
    unhealthyThreshold: 1,
    expectedStatus: [{ from: 200, to: 299 }],
    headers: {},
    subprotocol: '',
    ...options,
  };
  return check(target, whole, time.signal).finally(() => clearTimeout(timer));
}
