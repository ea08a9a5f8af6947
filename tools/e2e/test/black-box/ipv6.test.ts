// Situation: gateway, clients and backends speak IPv6, or both families on one listener.
// Action: WebSockets and requests over [::1] and 127.0.0.1; proxies that name IPv6 clients.
// Expected: addresses have one form everywhere, mapped ones are IPv4, and hosts keep their brackets where they need them.
import { rawClient, switchingHead, upgradeHead, type RawHead } from '@ocelot/test-support';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { recordingBackend, type RecordingBackend } from './recording-backend.js';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));

describe.skipIf(!hasIpv6)('IPv6', () => {
  let backend: RecordingBackend;
  let both: RunningOcelot;
  let targets = 0;

  const config = (): object => ({
    Routes: [
      ['/plain', '::1'],
      ['/brackets', '[::1]'],
    ].map(([path = '', Host = '']) => ({
      UpstreamPathTemplate: `${path}/{everything}`,
      DownstreamPathTemplate: `${path}/{everything}`,
      DownstreamScheme: 'http',
      DownstreamHostAndPorts: [{ Host, Port: backend.port }],
      ...(path === '/brackets' && { SecurityOptions: { IPBlockedList: ['192.0.2.0/24', '2001:db8:bad::/48'] } }),
    })),
    GlobalConfiguration: { Gateway: { ForwardedHeaders: 'both', TrustedProxies: ['::1', '127.0.0.1'] } },
  });

  beforeAll(async () => {
    backend = await recordingBackend('::1');
    both = await runOcelot(config(), { args: ['--host', '::'] });
  });
  afterAll(async () => {
    await backend.close();
    expect((await both.stop()).code).toBe(0);
  });

  async function get(host: string, folder: string, lines: readonly string[] = []): Promise<RawHead | number> {
    targets += 1;
    const target = `${folder}/t${targets}-`;
    const client = await rawClient(both.port, { host });
    client.send([`GET ${target} HTTP/1.1`, 'Host: [::1]:5000', ...lines, 'Connection: close', '', ''].join('\r\n'));
    const { status } = await client.readHead();
    client.destroy();
    return status === 200 ? (await backend.recording(target)).head : status;
  }

  it('is printed in brackets', () => {
    expect(both.output().stdout).toBe(`listening on http://[::]:${both.port}\n`);
  });

  it.each(['/plain', '/brackets'])('reaches the backend of %s, whose Host has brackets', async (folder) => {
    const head = (await get('::1', folder)) as RawHead;
    expect(head.get('host')).toBe(`[::1]:${backend.port}`);
    expect(head.get('x-forwarded-for')).toBe('::1');
    expect(head.get('x-forwarded-host')).toBe('[::1]:5000');
    expect(head.get('forwarded')).toContain('for="[::1]"');
    expect(head.get('forwarded')).toContain('host="[::1]:5000"');
  });

  it('shows IPv4 clients of a listener for both families as IPv4', async () => {
    const head = (await get('127.0.0.1', '/plain')) as RawHead;
    expect(head.get('x-forwarded-for')).toBe('127.0.0.1');
    expect(head.get('forwarded')).toContain('for=127.0.0.1');
  });

  it.each([
    ['X-Forwarded-For', 'X-Forwarded-For: 2001:DB8:BAD:0:0::1', 403],
    ['X-Forwarded-For in brackets with a port', 'X-Forwarded-For: [2001:db8:bad::1]:443', 403],
    ['an IPv4 address mapped into X-Forwarded-For', 'X-Forwarded-For: ::ffff:192.0.2.7', 403],
    ['Forwarded', 'Forwarded: for="[2001:db8:bad::1]:443"', 403],
    ['X-Forwarded-For, not on the list', 'X-Forwarded-For: 2001:db8:9::1', 200],
  ])('is judged by IP lists when a proxy names a client by %s', async (_how, line, expected) => {
    const answer = await get('::1', '/brackets', [line]);
    expect(typeof answer === 'number' ? answer : 200).toBe(expected);
  });

  it('carries WebSockets, through a listener for IPv6 alone', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      let text = '';
      socket
        .on('error', () => undefined)
        .on('data', (part) => {
          text += String(part);
          const key = /sec-websocket-key: (.*)\r\n/i.exec(text)?.[1];
          if (key !== undefined && text.endsWith('\r\n\r\n')) socket.write(switchingHead(key));
        });
    }).listen(0, '::1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const route = { UpstreamPathTemplate: '/ws', DownstreamPathTemplate: '/ws', DownstreamScheme: 'ws' };
    const gateway = await runOcelot(
      { Routes: [{ ...route, DownstreamHostAndPorts: [{ Host: '::1', Port: port }] }] },
      { args: ['--host', '[::1]'] },
    );
    expect(gateway.output().stdout).toBe(`listening on http://[::1]:${gateway.port}\n`);
    const client = await rawClient(gateway.port, { host: '::1' });
    client.send(upgradeHead({ target: '/ws' }));
    expect((await client.readHead()).status).toBe(101);
    client.destroy();
    for (const socket of sockets) socket.destroy();
    expect((await gateway.stop()).code).toBe(0);
    server.close();
  });
});
