import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

async function startBackend(): Promise<{ readonly port: string; readonly clients: Set<WebSocket> }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  return { port: String((server.address() as AddressInfo).port), clients: server.clients };
}

async function runGateway(ports: readonly [string, string]): Promise<{ readonly url: string; log(): string }> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...process.env,
      Routes__0__DownstreamHostAndPorts__0__Port: ports[0],
      Routes__0__DownstreamHostAndPorts__1__Port: ports[1],
      GlobalConfiguration__Gateway__Admin__Port: '0',
      // A machine that is busy with other tests must not make the living backend look unwell.
      Routes__0__Gateway__Resilience__HealthCheck__TimeoutMs: '5000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(gateway, 'exit');
  onTestFinished(async () => {
    gateway.kill('SIGTERM');
    expect((await gone)[0]).toBe(0);
  });
  let log = '';
  gateway.stderr.on('data', (text: Buffer) => void (log += String(text)));
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
  return { url: String(line).trim().replace('listening on http', 'ws'), log: () => log };
}

it('connects every client though one of two backends is down, and leaves that one alone', async () => {
  const [alive, down] = [await startBackend(), '1'];
  const gateway = await runGateway([alive.port, down]);
  for (let connect = 0; connect < 6; connect += 1) {
    const client = new WebSocket(`${gateway.url}/chat`);
    await once(client, 'open');
    client.terminate();
  }
  const log = await vi.waitUntil(() => /endpoint is unhealthy/.test(gateway.log()) && gateway.log(), { timeout: 8000 });
  expect(log).toContain('127.0.0.1:1');
  const tries = log.split('trying another endpoint').length;
  const client = new WebSocket(`${gateway.url}/chat`);
  await once(client, 'open');
  client.terminate();
  expect(gateway.log().split('trying another endpoint')).toHaveLength(tries);
});
