import { describe, expect, it } from 'vitest';

import {
  createGateway,
  GatewayError,
  type HeaderTransform,
  isGatewayError,
  type Plugin,
  type Stage,
  TRACE_ID,
} from '../../src/index.js';
import { request } from '../make-request.js';
import { config, route } from '../make-route.js';

const transformed = (entries: Record<string, string>): readonly HeaderTransform[] =>
  Object.entries(entries).map(([name, instruction]) => ({ name, instruction }));

const stageOf = (run: Stage): Plugin => ({
  name: 'stage',
  setup: (to) => to.stage({ name: 'stage', phase: 'admit', forRoute: () => run }),
});

/** The refusal that a stage's error becomes. */
async function refused(
  error: GatewayError,
  answer: Record<string, string> = {},
  before?: Stage,
): Promise<GatewayError> {
  const run: Stage = (exchange) => {
    void before?.(exchange);
    throw error;
  };
  const only = route('/', { headerTransforms: { request: [], answer: transformed(answer) } });
  const gateway = await createGateway({ config: config([only]), plugins: [stageOf(run)] });
  try {
    await gateway.admit(request(), new AbortController().signal);
  } catch (refusal) {
    if (isGatewayError(refusal)) return refusal;
  } finally {
    await gateway.drain({ deadlineMs: 0 });
  }
  throw new Error('it was admitted');
}

const limited = (): GatewayError =>
  new GatewayError('OCELOT_ERR_RATE_LIMITED', {
    headers: { 'Retry-After': '5' },
    body: { contentType: 'text/plain', text: 'slow down' },
    cause: new Error('counted'),
  });

describe('the headers of a refusal', () => {
  it('are the error’s own where the route and its stages add nothing; body, cause and status stay', async () => {
    expect(await refused(limited())).toMatchObject({
      code: 'OCELOT_ERR_RATE_LIMITED',
      status: 429,
      headers: { 'Retry-After': '5' },
      body: { contentType: 'text/plain', text: 'slow down' },
      cause: { message: 'counted' },
    });
  });

  it('get what stages write with onAnswer, then DownstreamHeaderTransform', async () => {
    const { headers, body } = await refused(limited(), { 'X-Served-By': 'gateway', 'X-A': 'of the file' }, (exchange) =>
      exchange.onAnswer(({ status, headers: lines }) => lines.set('X-A', `status ${status}`)),
    );
    expect(headers).toEqual({ 'Retry-After': '5', 'X-A': 'status 429', 'X-Served-By': 'gateway' });
    expect(body?.text).toBe('slow down');
  });

  it('keep what the refusal needs: adds do not touch it, find and replace may', async () => {
    const { headers } = await refused(limited(), {
      'Retry-After': '99',
      'Content-Type': 'text/html',
      'Content-Length': '1',
      'Cache-Control': 'public',
    });
    expect(headers).toEqual({ 'Retry-After': '5' });
    expect((await refused(limited(), { 'Retry-After': '5, 60' })).headers).toEqual({ 'Retry-After': '60' });
  });

  it('join several lines of one name, but for those of Set-Cookie (RFC 9110 §5.3)', async () => {
    const { headers } = await refused(limited(), {}, (exchange) =>
      exchange.onAnswer(({ headers: lines }) => {
        lines.append('Vary', 'Origin');
        lines.append('vary', 'Accept');
        lines.append('Set-Cookie', 'a=1');
        lines.append('Set-Cookie', 'b=2');
      }),
    );
    expect(headers).toEqual({ 'Retry-After': '5', Vary: 'Origin, Accept', 'Set-Cookie': ['a=1', 'b=2'] });
  });

  it('have no address of a backend to replace: there was no backend', async () => {
    expect((await refused(limited(), { 'Retry-After': '{DownstreamBaseUrl}, {BaseUrl}' })).headers).toEqual({
      'Retry-After': '5',
    });
  });

  it('have the {TraceId} that tracing left on the exchange', async () => {
    const { headers, details } = await refused(limited(), { 'X-Trace': '{TraceId}' }, (exchange) =>
      exchange.set(TRACE_ID, '0af7651916cd43dd8448eb211c80319c'),
    );
    expect(headers).toEqual({ 'Retry-After': '5', 'X-Trace': '0af7651916cd43dd8448eb211c80319c' });
    expect(details).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', routeId: '/' });
  });

  it('are given to refusals of relays by Admission.refusal', async () => {
    const only = route('/', { headerTransforms: { request: [], answer: transformed({ 'X-A': '1' }) } });
    const gateway = await createGateway({ config: config([only]) });
    const admission = await gateway.admit(request(), new AbortController().signal);
    const lost = new GatewayError('OCELOT_ERR_BACKEND_LOST', { details: { endpoint: 'a:1' } });
    expect(admission.refusal(lost)).toMatchObject({
      code: 'OCELOT_ERR_BACKEND_LOST',
      headers: { 'X-A': '1' },
      details: { endpoint: 'a:1' },
    });
    admission.finish({ outcome: 'refused', error: lost });
    await gateway.drain({ deadlineMs: 0 });
  });
});
