import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

async function runGateway(backendPort: number): Promise<string> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-level', 'warn'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, Routes__0__DownstreamHostAndPorts__0__Port: String(backendPort) },
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

it('limits handshakes, sockets, messages and bytes of a client', async () => {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => backend.close());
  const messages: string[] = [];
  backend.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      messages.push(String(data));
      backend.emit('heard');
    }),
  );
  await once(backend, 'listening');
  const { port } = backend.address() as { readonly port: number };
  const url = `${await runGateway(port)}/chat`;
  const open = async (): Promise<WebSocket | number | undefined> => {
    const socket = new WebSocket(url);
    const refused = once(socket, 'unexpected-response') as Promise<[unknown, IncomingMessage]>;
    return Promise.race([once(socket, 'open').then(() => socket), refused.then(([, { statusCode }]) => statusCode)]);
  };
  const first = await open();
  const second = await open();
  expect(await open()).toBe(429);
  if (!(first instanceof WebSocket) || !(second instanceof WebSocket)) throw new Error('no socket was let in');

  const start = performance.now();
  for (let sent = 0; sent < 20; sent += 1) first.send('hello');
  while (messages.length < 20) await once(backend, 'heard');
  first.send('later');
  while (messages.length < 21) await once(backend, 'heard');
  // Eleven more than the burst: half a second is paid back before the last one, and nothing is lost.
  expect(performance.now() - start).toBeGreaterThan(300);
  first.close();
  await once(first, 'close');

  second.send(Buffer.alloc(70_000));
  expect((await once(second, 'close'))[0]).toBe(1013);
  expect([await open(), await open(), await open()].at(-1)).toBe(429);
});
