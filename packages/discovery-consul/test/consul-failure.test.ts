import { describe, expect, it } from 'vitest';

import { explainFailure } from '../src/consul-failure.js';

const CONTEXT = { address: 'Consul at http://c:8500', what: 'the service "web"', token: 'top-secret' };

function explain(error: unknown): string {
  return explainFailure(error, CONTEXT).message;
}

function refusal(statusCode: number, body?: unknown): Error {
  return Object.assign(new Error('refused'), { response: { statusCode, body } });
}

describe('explainFailure', () => {
  it('says what to do about a token that is refused', () => {
    expect(explain(refusal(403, 'ACL not found'))).toBe(
      'Consul at http://c:8500 answered 403 (ACL not found) for the service "web". ' +
        'Check Token in ServiceDiscoveryProvider: it is unknown, or its policy does not allow this.',
    );
  });

  it('quotes what a failing server says, on one line and not at length', () => {
    expect(explain(refusal(500, Buffer.from('No cluster\r\nleader')))).toBe(
      'Consul at http://c:8500 answered 500 (No cluster leader) for the service "web".',
    );
    expect(explain(refusal(502, 'x'.repeat(5_000))).length).toBeLessThan(300);
    expect(explain(refusal(503, { not: 'text' }))).toBe('Consul at http://c:8500 answered 503 for the service "web".');
  });

  it.each([301, 302, 404])('suspects the address when the answer is %i', (status) => {
    expect(explain(refusal(status))).toContain("this does not look like Consul's HTTP interface");
  });

  it("takes the client's own prefixes off", () => {
    expect(explain(new Error('consul: health.service: connect ECONNREFUSED 127.0.0.1:8500'))).toBe(
      'Consul at http://c:8500 could not be asked for the service "web": connect ECONNREFUSED 127.0.0.1:8500.',
    );
  });

  it('names the first cause when a host name has several addresses', () => {
    const error = new AggregateError([new Error('connect ECONNREFUSED ::1:8500'), new Error('other')], '');
    expect(explain(error)).toContain('connect ECONNREFUSED ::1:8500.');
  });

  it('falls back on the code of an error without words, and on plain words without a code', () => {
    expect(explain(Object.assign(new Error(''), { code: 'EPIPE' }))).toContain('EPIPE.');
    expect(explain(new Error(''))).toContain('no reason given.');
  });

  it('never shows the token, even when the server quotes it', () => {
    expect(explain(refusal(403, 'token top-secret is unknown'))).toContain('(token (token) is unknown)');
    expect(explain(new Error('top-secret'))).not.toContain('top-secret');
  });
});
