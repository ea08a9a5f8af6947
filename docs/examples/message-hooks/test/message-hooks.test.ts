import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

it('answers, drops, asks and changes: the backend sees what the rules let through, in order', async () => {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => backend.close());
  const seen: string[] = [];
  backend.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => {
      seen.push(String(data));
      if (String(data) === 'bye') socket.close(4000, 'done');
    }),
  );
  await once(backend, 'listening');
  const { port } = backend.address() as { readonly port: number };
  const client = new WebSocket(`${await runGateway(port)}/chat`);
  const answers: string[] = [];
  client.on('message', (data: Buffer) => void answers.push(String(data)));
  await once(client, 'open');
  expect(client.extensions).toContain('permessage-deflate');
  for (const message of [
    'hello',
    '  ',
    '/time',
    'see http://phishing.example/x',
    'and https://example.org/y',
    'my card is 4111 1111 1111 1111',
    'x'.repeat(5000),
    'bye',
  ]) {
    client.send(message);
  }
  const [code] = (await once(client, 'close')) as [number];
  expect(code).toBe(4000);
  expect(seen).toEqual([
    'hello',
    '[a link was removed]',
    'and https://example.org/y',
    'my card is ****',
    'x'.repeat(5000),
    'bye',
  ]);
  expect(answers).toHaveLength(1);
  expect(Date.parse(answers[0] ?? '')).toBeGreaterThan(0);
});
