import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import { within } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

interface Demo {
  readonly child: ChildProcess;
  readonly url: string;
  readonly printed: () => string;
}

/** Starts what `npm start` starts, on `port`. */
async function startDemo(port: number): Promise<Demo> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../demo.mjs', import.meta.url))], {
    env: { ...process.env, PORT: String(port), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await gone;
  });
  let text = '';
  const listening = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const url = /Open (http:\S+)\/ in a browser/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part));
  });
  const url = await Promise.race([within(listening, 'the demo to listen'), gone.then(() => Promise.reject(text))]);
  return { child, url, printed: () => text };
}

/** Opens a socket through the gateway and says which backend greets it. */
async function greeted(url: string): Promise<{ socket: WebSocket; backend: string }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/chat/test`);
  onTestFinished(() => socket.terminate());
  const [data] = (await once(socket, 'message')) as [Buffer];
  return { socket, backend: (JSON.parse(String(data)) as { backend: string }).backend };
}

describe('npm start', () => {
  it('serves a page, alternates between its backends, and ends all of it on Ctrl-C', async () => {
    const { child, url, printed } = await startDemo(0);
    expect(printed()).toContain(`listening on ${url}\n`);

    const page = await fetch(url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('<title>Ocelot gateway: demo</title>');

    const first = await greeted(url);
    const second = await greeted(url);
    expect([first.backend, second.backend].toSorted()).toEqual(['A', 'B']);

    const closed = once(first.socket, 'close');
    child.kill('SIGINT');

    expect((await closed)[0]).toBe(1012);
    expect((await once(child, 'exit'))[0]).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('takes the next free port when one is taken, and says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;

    const { url, printed } = await startDemo(port);

    expect(printed()).toContain(`port ${port} is taken, trying ${port + 1}`);
    expect((await fetch(url)).status).toBe(200);
  });
});
