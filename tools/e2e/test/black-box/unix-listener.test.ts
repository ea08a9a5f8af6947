// Situation: the gateway listens on a Unix-domain socket; a proxy on the same machine, or nobody, stands in front.
// Action: WebSockets and requests come through the socket file; the gateway is killed, restarted, started twice.
// Expected: they are served as over TCP; a stale file is replaced, a live one never; the file goes with the gateway.
import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeFrame, OPCODE, rawClient, switchingHead, upgradeHead, type RawClient } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ocelot, runOcelot, temporaryFolder, type RunningOcelot } from '../../src/run-ocelot.js';
import { route } from './stand.js';
import { switchboard, type Switchboard } from './switchboard.js';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let backend: Switchboard;
let path: string;
const running: RunningOcelot[] = [];
const clients: RawClient[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  backend = await switchboard();
  path = join(folder.path, 'gateway.sock');
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  for (const gateway of running) await gateway.stop();
  await backend.close();
  await folder.remove();
});

async function start(trusted: readonly string[], ...args: readonly string[]): Promise<RunningOcelot> {
  const config = {
    Routes: [route('/ws/{everything}', backend.port)],
    GlobalConfiguration: { Gateway: { TrustedProxies: trusted, HeadersTimeoutMs: 500 } },
  };
  const gateway = await runOcelot(config, { args: ['--host', `unix:${path}`, ...args] });
  running.push(gateway);
  return gateway;
}

async function connect(): Promise<RawClient> {
  const client = await rawClient(0, { path });
  clients.push(client);
  return client;
}

async function open(target: string): Promise<void> {
  const client = await connect();
  client.send(upgradeHead({ target }));
  const { connection, head } = await backend.call(target);
  connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
  expect((await client.readHead()).status).toBe(101);
  const payload = 'x'.repeat(200_000);
  client.send(encodeFrame({ opcode: OPCODE.text, payload, mask: true }));
  expect(String((await connection.readFrame()).payload)).toBe(payload);
  connection.send(encodeFrame({ opcode: OPCODE.text, payload }));
  expect(String((await client.readFrame()).payload)).toBe(payload);
  // A drain would wait for the Close of both.
  client.destroy();
  connection.destroy();
}

/** What the backend is told of a client that claims to be another. */
async function forwardedFor(target: string): Promise<string | undefined> {
  const client = await connect();
  client.send(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n`);
  const { connection, head } = await backend.call(target);
  connection.send('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
  expect((await client.readHead()).status).toBe(204);
  client.destroy();
  return head.get('x-forwarded-for');
}

describe('ocelot run --host unix:PATH', () => {
  it('serves WebSockets and requests through the socket file, and believes no claims about clients', async () => {
    const gateway = await start([], '--socket-mode', '660');
    expect(gateway.output().stdout).toBe(`listening on unix:${path}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    await open('/ws/unix');
    expect(await forwardedFor('/ws/plain')).toBeUndefined();
    const slow = await connect();
    slow.send('GET / HTTP/1.1\r\n');
    expect(String(await slow.readToEnd())).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('refuses a second gateway with exit code 3, and the first goes on', async () => {
    const file = join(folder.path, 'second.json');
    await writeFile(file, JSON.stringify({ Routes: [] }));
    const { code, stderr } = await ocelot(['run', file, '--host', `unix:${path}`]);
    expect(stderr).toContain(`Another process listens on ${path}.`);
    expect(code).toBe(3);
    expect(await forwardedFor('/ws/still')).toBeUndefined();
  });

  it('replaces the file of a gateway that was killed, and believes claims where unix: is trusted', async () => {
    const [first] = running;
    first?.signal('SIGKILL');
    await first?.ended();
    expect(existsSync(path)).toBe(true);
    await start(['unix:']);
    expect(await forwardedFor('/ws/trusted')).toBe('192.0.2.7');
  });

  it('removes its file when it stops, and workers share one', async () => {
    await running.at(-1)?.stop();
    expect(existsSync(path)).toBe(false);
    const gateway = await start([], '--workers', '2', '--socket-mode', '600');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await open('/ws/workers/1');
    await open('/ws/workers/2');
    expect((await gateway.stop()).code).toBe(0);
    expect(existsSync(path)).toBe(false);
  });

  it('refuses a path in a folder that does not exist, with exit code 2', async () => {
    const file = join(folder.path, 'second.json');
    const { code, stderr } = await ocelot(['run', file, '--host', `unix:${folder.path}/none/a.sock`]);
    expect(stderr).toContain('does not exist');
    expect(code).toBe(2);
  });
});
