import { describe, expect, it } from 'vitest';

import type { ControlQuestion } from '../../src/control/control-desk.js';
import { ToldCalls } from '../../src/workers/told-calls.js';

const question = (path: string, method: ControlQuestion['method'] = 'POST', body = ''): ControlQuestion => ({
  method,
  template: path,
  path,
  params: {},
  query: '',
  headers: {},
  body,
});

describe('ToldCalls', () => {
  it('keeps what changes something, in order', () => {
    const told = new ToldCalls();
    for (const one of [question('/a'), question('/b', 'GET'), question('/a', 'DELETE')]) told.add(one);
    expect(told.all.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /a', 'DELETE /a']);
  });

  it('forgets what was refused', () => {
    const told = new ToldCalls();
    const refused = question('/a');
    told.add(refused);
    told.forget(refused);
    told.forget(refused);
    expect(told.all).toEqual([]);
  });

  it('lets the oldest go when there are too many, and counts them', () => {
    const told = new ToldCalls(2);
    for (const path of ['/a', '/b', '/c']) told.add(question(path));
    expect([told.all.map(({ path }) => path), told.dropped]).toEqual([['/b', '/c'], 1]);
  });

  it('lets the oldest go when they are too large together', () => {
    const told = new ToldCalls();
    for (let index = 0; index < 9; index += 1) told.add(question(`/${index}`, 'PUT', 'x'.repeat(1_048_576)));
    expect(told.all.map(({ path }) => path)).toEqual(['/2', '/3', '/4', '/5', '/6', '/7', '/8']);
    expect(told.dropped).toBe(2);
  });
});
