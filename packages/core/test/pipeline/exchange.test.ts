import { describe, expect, it } from 'vitest';

import {
  type Admission,
  type AnswerEdit,
  type BalancingPolicy,
  createGateway,
  type Phase,
  type Plugin,
  type Session,
  type Stage,
} from '../../src/index.js';
import { LiveExchange } from '../../src/pipeline/exchange.js';
import type { AnswerRules } from '../../src/pipeline/exchange-init.js';
import { MemoryLogger } from '../../src/testing/index.js';
import { request } from '../make-request.js';
import { config, endpoint, route } from '../make-route.js';

const exchangeWith = (
  answers: Partial<AnswerRules>,
  log = new MemoryLogger(),
): LiveExchange<ReturnType<typeof request>> => {
  const exchange = new LiveExchange({
    id: 'x-1',
    request: request(),
    route: route('/'),
    params: {},
    taps: [],
    clientAddress: '192.0.2.1',
    log,
    cancellation: new AbortController().signal,
    makeOutgoing: () => {
      throw new Error('not asked for here');
    },
    rewrite: () => ({ path: '/', query: '' }),
    leases: { lease: () => ({ endpoint: endpoint(7), release() {} }), hasOther: () => true },
    attempts: undefined,
    answers: { mark: undefined, transform: undefined, ...answers },
  });
  exchange.takeLease();
  return exchange;
};

/** Admits one request to a gateway with one stage. */
async function admitThrough(
  template: string,
  target: string,
  phase: Phase,
  run: Stage,
  path: string,
  query: string,
): Promise<Admission> {
  const plugin: Plugin = { name: 'p', setup: (to) => to.stage({ name: 's', phase, forRoute: () => run }) };
  const only = route(template, { rewrite: { pathTemplate: target } });
  const gateway = await createGateway({ config: config([only]), plugins: [plugin] });
  try {
    const admission = await gateway.admit(request({ path, query }), new AbortController().signal);
    admission.finish({ outcome: 'completed' });
    return admission;
  } finally {
    await gateway.drain({ deadlineMs: 0 });
  }
}

const append =
  (name: string): AnswerEdit =>
  ({ headers }) =>
    headers.append('X-Order', name);

describe('the headers of an answer', () => {
  it('are the backend’s own list where nothing changes them', () => {
    const raw = ['A', '1'];
    expect(exchangeWith({}).answerHeaders(200, raw)).toBe(raw);
  });

  it('pass the mark of the policy, the edits of stages in their order, then the transforms of the route', () => {
    const mark: BalancingPolicy['mark'] = ({ port }, _, headers) => headers.append('X-Order', `mark ${port}`);
    const exchange = exchangeWith({ mark, transform: append('transform') });
    exchange.onAnswer(append('one'));
    exchange.onAnswer(append('two'));
    const raw = ['A', '1'];
    expect(exchange.answerHeaders(200, raw).filter((_, index) => index % 2 === 1)).toEqual([
      '1',
      'mark 7',
      'one',
      'two',
      'transform',
    ]);
    expect(raw).toEqual(['A', '1']);
  });

  it('tell an edit the status', () => {
    const exchange = exchangeWith({});
    exchange.onAnswer(({ status, headers }) => headers.set('X-Status', String(status)));
    expect(exchange.answerHeaders(404, [])).toEqual(['X-Status', '404']);
  });

  it('survive an edit that throws: it is logged, and nothing of it is left', () => {
    const log = new MemoryLogger();
    const exchange = exchangeWith({ transform: append('transform') }, log);
    exchange.onAnswer(({ headers }) => {
      headers.delete('A');
      headers.set('X-A', 'a\r\nSet-Cookie: b');
    });
    expect(exchange.answerHeaders(200, ['A', '1'])).toEqual(['A', '1', 'X-Order', 'transform']);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('are set by their names alone: a spelling with an underscore is another header to a client', () => {
    const exchange = exchangeWith({});
    exchange.onAnswer(({ headers }) => headers.set('X-A', '2'));
    expect(exchange.answerHeaders(200, ['x-a', '1', 'X_A', '1'])).toEqual(['X_A', '1', 'X-A', '2']);
  });
});

describe('Exchange.rewrite', () => {
  const rewriting = (rewrite: Stage, path = '/users/7', query = '?a=1'): Promise<Admission> =>
    admitThrough('/users/{id}', '/accounts/{id}/{tenant}', 'authorize', rewrite, path, query);

  it('makes path and query anew from the template, with these values in place of the request’s', async () => {
    const { outgoing } = await rewriting((exchange) => exchange.rewrite({ id: 'of%20a%20claim', tenant: 'acme' }));
    expect(outgoing.path + outgoing.query).toBe('/accounts/of%20a%20claim/acme?a=1');
  });

  it('keeps the values that it was not given', async () => {
    const { outgoing } = await rewriting((exchange) => exchange.rewrite({ tenant: 'acme' }));
    expect(outgoing.path).toBe('/accounts/7/acme');
  });

  it('escapes what would change the target, and refuses what would leave the route', async () => {
    const { outgoing } = await rewriting((exchange) => exchange.rewrite({ tenant: 'a?b#c' }));
    expect(outgoing.path).toBe('/accounts/7/a%3Fb%23c');
    await expect(rewriting((exchange) => exchange.rewrite({ id: '..', tenant: 'a' }))).rejects.toMatchObject({
      code: 'OCELOT_ERR_UPGRADE_INVALID',
    });
    await expect(rewriting((exchange) => exchange.rewrite({ id: '%2e%2E', tenant: 'a' }))).rejects.toMatchObject({
      code: 'OCELOT_ERR_UPGRADE_INVALID',
    });
  });
});

describe('Exchange.onOpen', () => {
  const session = (ends: unknown[] = []): Session => ({
    id: 's',
    route: route('/'),
    closed: new Promise(() => undefined),
    fromClient: { bytes: 0, messages: 0 },
    fromBackend: { bytes: 0, messages: 0 },
    close: (error) => void ends.push(error.code),
    drain() {},
    destroy() {},
  });

  it('hands the session to those who asked, in their order, at once', () => {
    const exchange = exchangeWith({});
    const told: string[] = [];
    exchange.onOpen(({ id }) => told.push(`one ${id}`));
    exchange.onOpen(({ id }) => told.push(`two ${id}`));
    exchange.opened(session());
    exchange.opened(session());
    expect(told).toEqual(['one s', 'two s']);
  });

  it('calls nobody for an answer without a session', () => {
    const exchange = exchangeWith({});
    exchange.onOpen(() => expect.unreachable());
    exchange.opened();
    exchange.finish({ outcome: 'completed' });
  });

  it('ends the session with STAGE_FAILED when one of them throws, and still calls the others', () => {
    const log = new MemoryLogger();
    const exchange = exchangeWith({}, log);
    const told: unknown[] = [];
    exchange.onOpen(() => {
      throw new Error('boom');
    });
    exchange.onOpen(() => told.push('two'));
    exchange.opened(session(told));
    expect(told).toEqual(['OCELOT_ERR_STAGE_FAILED', 'two']);
    expect(log.lines).toMatchObject([{ level: 'error', message: 'a stage failed on the open session' }]);
  });

  it('cannot be asked for once the session is open', () => {
    const exchange = exchangeWith({});
    exchange.opened(session());
    expect(() => exchange.onOpen(() => undefined)).toThrow('open already');
  });
});
