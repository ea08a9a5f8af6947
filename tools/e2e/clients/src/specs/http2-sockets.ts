import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { echoServer } from '../echo-server.ts';
import { undiciHttp2 } from '../plain-clients.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';

import { describePlainClient } from './plain-sockets.ts';

/** Undici's WebSocket over HTTP/2, which Node's own has been since version 26; for layouts with TLS. */
export function describeHttp2Sockets(layout: TitledLayout): void {
  const agent = new Agent({ allowH2: true });
  afterAll(() => agent.destroy());
  describePlainClient(undiciHttp2(agent), layout);
}

/** That it is HTTP/2 indeed. */
export function describeSharedConnection(layout: TitledLayout): void {
  const agent = new Agent({ allowH2: true, connections: 1 });
  const client = undiciHttp2(agent);
  let connections = 0;
  agent.on('connect', () => void (connections += 1));

  describe(`${client.name} ${layout.title}`, () => {
    let stand: Stand;
    beforeAll(async () => {
      stand = await startStand({ ...layout, attach: echoServer });
    });
    afterAll(async () => {
      await agent.destroy();
      await stand.close();
    });

    it('has two WebSockets in one connection, by extended CONNECT (RFC 8441)', async () => {
      const sockets = [await client.open(stand.url('ws')), await client.open(stand.url('ws'))];
      expect(connections).toBe(1);
      const talks = sockets.map(async (socket) => {
        await socket.next('the greeting');
        socket.send('in a stream');
        expect(await socket.next('the echo')).toBe('in a stream');
        socket.close(4002, 'enough');
        expect(await socket.closed).toMatchObject({ code: 4002 });
      });
      await Promise.all(talks);
    });
  });
}
