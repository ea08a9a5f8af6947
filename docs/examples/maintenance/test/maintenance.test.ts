import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

async function runGateway(ports: readonly number[]): Promise<{ readonly url: string; readonly control: string }> {
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const hosts = ports.map((port, index) => [`Routes__0__DownstreamHostAndPorts__${index}__Port`, String(port)]);
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-format', 'json'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ...Object.fromEntries(hosts), GlobalConfiguration__Gateway__Admin__Port: '0' },
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
  const control = await vi.waitFor(() => {
    const opened = log.split('\n').find((text) => text.includes('control address open'));
    if (opened === undefined) throw new Error(`no control address yet: ${log}`);
    return (JSON.parse(opened) as { readonly url: string }).url;
  });
  return { url: String(line).trim().replace('listening on http', 'ws'), control };
}

async function backend(): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.on('connection', (socket) => socket.send(String(port)));
  return port;
}

/** The backend that a new socket comes to. */
async function reached(url: string): Promise<number> {
  const client = new WebSocket(url);
  const [data] = (await once(client, 'message')) as [Buffer];
  client.close();
  await once(client, 'close');
  return Number(data);
}

it('gives an endpoint no new sockets while it is out', async () => {
  const [one, two] = [await backend(), await backend()];
  const { url, control } = await runGateway([one, two]);
  const four = async (): Promise<number> => {
    const seen = new Set<number>();
    for (let n = 0; n < 4; n++) seen.add(await reached(`${url}/chat`));
    return [...seen].reduce((sum, port) => sum + port, 0);
  };
  const place = `${control}/endpoints/127.0.0.1:${one}/out`;
  expect(await four()).toBe(one + two);
  expect(await (await fetch(place, { method: 'PUT' })).json()).toEqual([`127.0.0.1:${one}`]);
  expect(await four()).toBe(two);
  expect(await (await fetch(place, { method: 'DELETE' })).json()).toEqual([]);
  expect(await four()).toBe(one + two);
});
