import { describe, expect, it } from 'vitest';

import { explainMatch } from '../../src/routing/explain.js';
import { request, route } from './route-fixture.js';

describe('explainMatch', () => {
  it('says of each route in matching order why it does not answer', () => {
    const routes = [
      route({ pathTemplate: '/{all}', priority: 7 }),
      route({ pathTemplate: '/chat/{room}' }, '/rooms/{room}'),
      route({ pathTemplate: '/chat/{room}', methods: ['POST', 'PUT'], priority: 3 }),
      route({ pathTemplate: '/chat/{room}', host: 'other.com' }),
      route({ pathTemplate: '/chat/{room}', headers: { 'X-Tenant': 'a' } }),
      route({ pathTemplate: '/chat/{room}', headers: { 'X-Plan': 'gold' } }),
      route({ pathTemplate: '/chat?room={room}' }),
      route({ pathTemplate: '/chat/{id}' }),
    ];
    const { verdicts, winner } = explainMatch(routes, request('/chat/7?x=1', { headers: { 'X-Plan': 'free' } }));
    expect(verdicts.map(({ route, outcome, reason }) => [routes.indexOf(route), outcome, reason])).toEqual([
      [3, 'declines', 'host localhost is not other.com'],
      [2, 'declines', 'method GET is not one of POST, PUT'],
      [1, 'answers', 'the first that fits GET /chat/7'],
      [4, 'declines', 'header X-Tenant is absent'],
      [5, 'declines', 'header X-Plan does not match "gold"'],
      [6, 'declines', 'path and query /chat/7?x=1 do not match /chat?room={room}'],
      [7, 'outranked', `fits too, but ${routes[1]?.id} (/chat/{room}) stands before it in the file`],
      [0, 'outranked', `fits too, but its priority 0 is lower than 1 of ${routes[1]?.id} (/chat/{room})`],
    ]);
    expect(winner?.route).toBe(routes[1]);
    expect({ ...winner?.params }).toEqual({ room: '7' });
    expect(winner?.target).toEqual({ path: '/rooms/7', query: '?x=1' });
  });

  it('says that a host is named more closely', () => {
    const routes = [route({ pathTemplate: '/a', priority: 9 }), route({ pathTemplate: '/a', host: 'localhost' })];
    const { verdicts } = explainMatch(routes, request('/a'));
    expect(verdicts.at(-1)?.reason).toBe(`fits too, but ${routes[1]?.id} (/a) names the host more closely`);
  });

  it('has no winner when no route answers', () => {
    expect(explainMatch([route({ pathTemplate: '/a' })], request('/b'))).toMatchObject({
      winner: undefined,
      verdicts: [{ outcome: 'declines', reason: 'path /b does not match /a' }],
    });
  });
});
