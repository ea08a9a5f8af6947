import { describe, expect, it } from 'vitest';

import type { AnswerEdit, BalancingPolicy } from '../../src/index.js';
import { LiveExchange } from '../../src/pipeline/exchange.js';
import type { AnswerRules } from '../../src/pipeline/exchange-init.js';
import { MemoryLogger } from '../../src/testing/index.js';
import { request } from '../make-request.js';
import { endpoint, route } from '../make-route.js';

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
