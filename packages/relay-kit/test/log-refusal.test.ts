import { GatewayError } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { logRefusal } from '../src/index.js';

const endpoint = { host: '127.0.0.1', port: 80, weight: 1, tags: [], metadata: {} };

function logged(error: GatewayError, status: number, closeCode?: number) {
  const log = new MemoryLogger();
  logRefusal(log, 'upgrade refused', { error, status, endpoint, closeCode });
  const [line] = log.lines;
  return line;
}

describe('the line of a refusal', () => {
  it('tells code, blame and cause, with the details of the error; its ids are said by the logger', () => {
    const cause = new Error('ECONNREFUSED');
    const details = { reason: 'refused', exchangeId: 'x-1', routeId: '/' };
    const line = logged(new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', { cause, details }), 502);
    expect(line?.level).toBe('warn');
    expect(line?.fields).toEqual({
      reason: 'refused',
      status: 502,
      code: 'OCELOT_ERR_BACKEND_UNREACHABLE',
      blame: 'backend',
      endpoint: '127.0.0.1:80',
      message: 'The backend cannot be reached.',
      cause: 'ECONNREFUSED',
    });
  });

  it('says 499 where nothing was answered', () => {
    expect(logged(new GatewayError('OCELOT_ERR_CLIENT_GONE'), 0)?.fields['status']).toBe(499);
  });

  it('says the close code where a Close took the place of the answer', () => {
    const line = logged(new GatewayError('OCELOT_ERR_MESSAGE_TOO_BIG'), 0, 1009);
    expect(line?.fields).toMatchObject({ status: undefined, closeCode: 1009 });
    expect(line?.level).toBe('info');
  });

  it('is an error when something of ours failed', () => {
    expect(logged(new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: 'x' }), 500)?.level).toBe('error');
  });
});
