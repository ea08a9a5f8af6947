import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

async function runGateway(backendPort: number): Promise<{ readonly url: string; readonly log: () => string }> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-format', 'json'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, Routes__0__DownstreamHostAndPorts__0__Port: String(backendPort) },
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

it('counts the frames of a session by opcode and direction', async () => {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => backend.close());
  backend.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await once(backend, 'listening');
  const { port } = backend.address() as { readonly port: number };
  const gateway = await runGateway(port);
  const client = new WebSocket(`${gateway.url}/chat`);
  await once(client, 'open');
  client.send('one');
  client.send(Buffer.from('two'));
  client.ping();
  await once(client, 'pong');
  client.close();
  await once(client, 'close');
  const seen = await vi.waitFor(
    () => {
      const line = gateway
        .log()
        .split('\n')
        .find((text) => text.includes('frames seen'));
      if (line === undefined) throw new Error(`no line in the log yet: ${gateway.log()}`);
      return JSON.parse(line) as Record<string, unknown>;
    },
    { timeout: 5000 },
  );
  expect(seen).toMatchObject({
    'text to-backend': 1,
    'binary to-backend': 1,
    'ping to-backend': 1,
    'pong to-client': 1,
    'binary to-client': 2,
    'close to-backend': 1,
    'close to-client': 1,
  });
});
