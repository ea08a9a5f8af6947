// Situation: a backend redirects to its own address, sets cookies for its own host, and answers upgrades.
// Action: a client asks through a gateway whose route transforms headers as Ocelot's manual shows.
// Expected: redirects and cookies name the gateway; the backend learns what the route says, of a WebSocket too.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { rawClient, switchingHead } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';

const PUBLIC = 'https://api.example.com';

let backend: Server;
let port: number;
let gateway: RunningOcelot;

beforeAll(async () => {
  backend = createServer((asked, answer) => {
    answer.writeHead(302, {
      Location: `http://${asked.headers.host ?? ''}/next`,
      'Set-Cookie': ['a=1; Domain=backend', 'b=2; Domain=backend'],
      'X-Seen': `${String(asked.headers['x-from'])} ${String(asked.headers['x-asked'])}`,
    });
    answer.end();
  });
  backend.on('upgrade', (asked, socket) => {
    const seen = { 'X-Seen': String(asked.headers['x-from']), 'Set-Cookie': 'c=3; Domain=backend' };
    socket.write(switchingHead(String(asked.headers['sec-websocket-key']), seen));
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.end());
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  ({ port } = backend.address() as AddressInfo);
  gateway = await runOcelot({
    Routes: [
      {
        UpstreamPathTemplate: '/{all}',
        DownstreamPathTemplate: '/{all}',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
        UpstreamHeaderTransform: { 'X-From': '{RemoteIpAddress}', 'X-Asked': '{UpstreamHost}' },
        DownstreamHeaderTransform: {
          Location: '{DownstreamBaseUrl}, {BaseUrl}',
          'Set-Cookie': 'Domain=backend, Domain=example.com',
          'X-Gateway': 'ocelot',
        },
      },
    ],
    GlobalConfiguration: { BaseUrl: PUBLIC },
  });
});

afterAll(async () => {
  await gateway.stop();
  backend.closeAllConnections();
  await new Promise((closed) => backend.close(closed));
});

async function get(path: string): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port: gateway.port, path, agent: false, headers: { 'X-From': 'me' } });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer;
}

describe('header transforms', () => {
  it('turn redirects and cookies of the backend into those of the gateway', async () => {
    const { statusCode, headers } = await get('/a');
    expect(statusCode).toBe(302);
    expect(headers).toMatchObject({
      location: `${PUBLIC}/next`,
      'set-cookie': ['a=1; Domain=example.com', 'b=2; Domain=backend'],
      'x-gateway': 'ocelot',
      'x-seen': `127.0.0.1 ${gateway.authority}`,
    });
  });

  it('hold for WebSockets and their 101', async () => {
    const client = await rawClient(gateway.port);
    const head = await client.upgrade({ headers: { 'X-From': 'me' } });
    expect([head.status, head.get('x-seen'), head.get('set-cookie'), head.get('x-gateway')]).toEqual([
      101,
      '127.0.0.1',
      'c=3; Domain=example.com',
      'ocelot',
    ]);
    client.destroy();
  });
});
