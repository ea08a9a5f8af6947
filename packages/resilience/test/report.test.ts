import { describe, expect, it } from 'vitest';

import { mergeReports, reportAnswer, reportOf } from '../src/report.js';
import { hosts, routeStand } from './route/route-stand.js';

describe('GET /resilience', () => {
  it('shows circuits, endpoints and budgets of a route', () => {
    const stand = routeStand({
      QoSOptions: { MinimumThroughput: 2 },
      Gateway: { Resilience: { RetryBudget: {}, Ejection: {} } },
    });
    const endpoints = hosts('a');
    stand.state.setEndpoints({}, endpoints);
    expect(reportOf(1, [stand.state])).toEqual({
      workers: [
        {
          worker: 1,
          routes: [
            {
              route: 'app',
              retries: { isSpent: false, refused: 0 },
              endpoints: [
                { endpoint: 'a:80', state: 'healthy', breaker: { state: 'closed', failures: 0, retryAfterMs: 0 } },
              ],
            },
          ],
        },
      ],
    });
  });

  it('joins what the workers know, each with its own', () => {
    const failed = { status: 500, contentType: 'text/plain', body: 'no' };
    const merged = mergeReports([reportAnswer(reportOf(0, [])), failed, reportAnswer(reportOf(1, []))]);
    expect(JSON.parse(merged.body)).toEqual({
      workers: [
        { worker: 0, routes: [] },
        { worker: 1, routes: [] },
      ],
    });
    expect(merged).toMatchObject({ status: 200, contentType: 'application/json' });
  });
});
