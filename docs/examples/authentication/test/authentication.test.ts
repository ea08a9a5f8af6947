import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const folder = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, TOKEN_SECRET: 'a-secret-for-the-smoke-test-of-this-example' };

const makeToken = (...parameters: readonly string[]): string =>
  execFileSync(process.execPath, ['make-token.mjs', ...parameters], { cwd: folder, env, encoding: 'utf8' }).trim();

async function runGateway(backendPort: number, controlSocket: string): Promise<string> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-level', 'warn'], {
    cwd: folder,
    env: {
      ...env,
      Routes__0__DownstreamHostAndPorts__0__Port: String(backendPort),
      GlobalConfiguration__Gateway__Admin__Host: `unix:${controlSocket}`,
    },
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

/** Posts JSON to the control address. */
async function post(socketPath: string, path: string, body: object): Promise<unknown> {
  const call = request({ socketPath, path, method: 'POST' });
  call.end(JSON.stringify(body));
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  return JSON.parse(await text(answer)) as unknown;
}

it('lets clients into their rooms with a token, renews it, and ends the socket when it is revoked', async () => {
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => backend.close());
  const users: unknown[] = [];
  backend.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    users.push([request.url, request.headers['x-user'], request.headers['sec-websocket-protocol']]);
    socket.on('error', () => socket.terminate());
  });
  await once(backend, 'listening');
  const scratch = mkdtempSync(join(tmpdir(), 'authentication-'));
  onTestFinished(() => rmSync(scratch, { recursive: true }));
  const control = join(scratch, 'control.sock');
  const gateway = await runGateway((backend.address() as AddressInfo).port, control);

  const stranger = new WebSocket(`${gateway}/rooms/lobby`);
  const [refused] = (await once(stranger, 'error')) as [Error];
  expect(refused.message).toContain('401');

  const token = makeToken('alice', 'lobby', '60');
  const elsewhere = new WebSocket(`${gateway}/rooms/board`, ['chat', `bearer.${token}`]);
  const [forbidden] = (await once(elsewhere, 'error')) as [Error];
  expect(forbidden.message).toContain('403');

  const client = new WebSocket(`${gateway}/rooms/lobby`, ['chat', `bearer.${token}`], {
    headers: { 'X-User': 'root' },
  });
  await once(client, 'open');
  expect(client.protocol).toBe('chat');
  expect(users).toEqual([['/ws/lobby', 'alice', 'chat']]);

  client.send(JSON.stringify({ type: 'auth.renew', token: makeToken('alice', 'lobby', '120') }));
  const [answer] = (await once(client, 'message')) as [Buffer];
  expect(JSON.parse(String(answer))).toMatchObject({ type: 'auth.renew', renewed: true });

  const closed = once(client, 'close');
  expect(await post(control, '/auth/revocations', { subject: 'alice' })).toMatchObject({ subject: 'alice', closed: 1 });
  expect((await closed)[0]).toBe(4401);
});
