import { once } from 'node:events';

import { within } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { echoServer } from '../src/echo-server.ts';
import { startStand, type Stand } from '../src/stand.ts';

describe('ws 8.23 over ws with two backends', () => {
  let stand: Stand;
  beforeAll(async () => {
    const route = { LoadBalancerOptions: { Type: 'RoundRobin' } };
    stand = await startStand({ secure: false, backends: 2, attach: echoServer, route });
  });
  afterAll(() => stand.close());

  it('gets back each message as it was sent', async () => {
    const socket = new WebSocket(stand.url('ws', '/chat?room=1'));
    const [greeting] = (await within(once(socket, 'message'), 'the greeting')) as [Buffer];
    expect(JSON.parse(String(greeting))).toMatchObject({ url: '/chat?room=1' });
    socket.close(4001, 'enough');
    const [code, reason] = (await within(once(socket, 'close'), 'the close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([4001, 'enough']);
  });
});
