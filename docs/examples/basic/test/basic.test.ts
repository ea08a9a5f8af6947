import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

async function startBackend(name: string): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  server.on('connection', (socket, request) => socket.send(`${name} at ${request.url}`));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Runs the example's file with the built command; its backends' ports come from the environment. */
async function runGateway(ports: readonly number[]): Promise<string> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const file = fileURLToPath(new URL('../ocelot.json', import.meta.url));
  const hosts = ports.flatMap((port, index) => [
    [`Routes__0__DownstreamHostAndPorts__${index}__Host`, '127.0.0.1'],
    [`Routes__0__DownstreamHostAndPorts__${index}__Port`, String(port)],
  ]);
  const gateway = spawn(process.execPath, [bin, 'run', file, '--port', '0', '--log-level', 'warn'], {
    env: { ...process.env, ...Object.fromEntries(hosts) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(gateway, 'exit');
  onTestFinished(async () => {
    gateway.kill('SIGTERM');
    expect((await gone)[0]).toBe(0);
  });
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
  return String(line).trim().replace('listening on http', 'ws');
}

it('reaches both backends in turns, under the path that the file gives them', async () => {
  const url = await runGateway([await startBackend('A'), await startBackend('B')]);
  const greetings: string[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    const socket = new WebSocket(`${url}/chat/42`);
    const [greeting] = (await once(socket, 'message')) as [Buffer];
    greetings.push(String(greeting));
    socket.close();
    await once(socket, 'close');
  }

  expect(greetings).toEqual(['A at /rooms/42', 'B at /rooms/42', 'A at /rooms/42', 'B at /rooms/42']);
});
