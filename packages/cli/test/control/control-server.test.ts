import { once } from 'node:events';
import { request } from 'node:http';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { exchange } from '../raw-connection.js';
import { temporaryFolder } from '../scripted-terminal.js';
import { controlStand } from './control-stand.js';

const TOKEN = 'c0ffee-c0ffee-c0ffee';

describe('ControlServer', () => {
  it('lists its own calls and those of plugins at GET /', async () => {
    const { server } = await controlStand();
    const { calls } = (await (await fetch(`${server.url}/`)).json()) as { calls: { method: string; path: string }[] };
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /',
      'GET /health',
      'GET /ready',
      'POST /echo/{name}',
    ]);
  });

  it('hands path, placeholders, query, headers and body to the call', async () => {
    const { server } = await controlStand();
    const answer = await fetch(`${server.url}/echo/a%20b?x=1`, {
      method: 'POST',
      body: 'ünï',
      headers: { 'X-A': 'b' },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.json()).toMatchObject({
      method: 'POST',
      template: '/echo/{name}',
      path: '/echo/a%20b',
      params: { name: 'a b' },
      query: 'x=1',
      headers: { 'x-a': 'b' },
      body: 'ünï',
    });
  });

  it('keeps its token from the plugins', async () => {
    const { server } = await controlStand({ token: TOKEN });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${server.url}/echo/a`, { method: 'POST', headers });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain(TOKEN);
  });

  it('answers 401 with a challenge to who has no token, and health without one', async () => {
    const { server } = await controlStand({ token: TOKEN });
    const refused = await fetch(`${server.url}/`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it('follows a new token at the same address', async () => {
    const { server } = await controlStand();
    server.follow({ host: '127.0.0.1', port: 0, token: TOKEN });
    expect((await fetch(`${server.url}/`)).status).toBe(401);
  });

  it('is live at once and ready when the gateway serves clients', async () => {
    const { server, state } = await controlStand();
    const ready = async (): Promise<string> => {
      const answer = await fetch(`${server.url}/ready`);
      return `${answer.status} ${((await answer.json()) as { status: string }).status}`;
    };
    expect(await ready()).toBe('200 ready');
    state.readiness = 'draining';
    expect(await ready()).toBe('503 draining');
    state.readiness = 'starting';
    expect(await ready()).toBe('503 starting');
    const { desk } = state;
    Object.assign(state, { readiness: 'ready', desk: desk && { ...desk, isServing: false } });
    expect(await ready()).toBe('503 no worker');
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it('names the workers whose share an answer lacks', async () => {
    const { server } = await controlStand();
    const answer = await fetch(`${server.url}/echo/a?missing`, { method: 'POST' });
    expect(answer.headers.get('ocelot-missing-workers')).toBe('2, 3');
  });

  it('answers 404 and 405 in JSON, and says what there is', async () => {
    const { server } = await controlStand();
    const unknown = await fetch(`${server.url}/nothing`, { method: 'POST', body: 'x' });
    expect(await unknown.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const wrong = await fetch(`${server.url}/echo/a`);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect(await wrong.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
  });

  it('knows no calls of plugins while the gateway starts', async () => {
    const { server, state } = await controlStand();
    state.desk = undefined;
    expect((await fetch(`${server.url}/echo/a`, { method: 'POST' })).status).toBe(404);
  });

  it('takes a body of 1 MiB and refuses a larger one with 413, announced or not', async () => {
    const { server } = await controlStand();
    const post = (body: string | ReadableStream): Promise<Response> =>
      fetch(`${server.url}/echo/a`, { method: 'POST', body, ...(typeof body !== 'string' && { duplex: 'half' }) });
    expect((await post('x'.repeat(1_048_576))).status).toBe(200);
    expect((await post('x'.repeat(1_048_577))).status).toBe(413);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    expect(
      await post(endless).then(
        ({ status }) => status,
        () => 'cut',
      ),
    ).toSatisfy((end) => end === 413 || end === 'cut');
  });

  it('cuts connections on which nothing moves, so that their places are free again', async () => {
    const { server, state } = await controlStand({}, 100);
    const { desk } = state;
    state.desk = desk && { ...desk, ask: () => new Promise(() => undefined) };
    const head = 'POST /echo/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n';
    expect(await exchange(Number(new URL(server.url).port), head)).toBe('');
  });

  it('refuses a web page of another origin', async () => {
    const { server } = await controlStand();
    const answer = await fetch(`${server.url}/echo/a`, { method: 'POST', headers: { origin: 'https://evil.example' } });
    expect(await answer.json()).toMatchObject({ status: 403, code: 'CROSS_ORIGIN' });
  });

  it('refuses a name that was pointed at it (DNS rebinding)', async () => {
    const { server } = await controlStand();
    const head = 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect(await exchange(Number(new URL(server.url).port), head)).toMatch(/^HTTP\/1\.1 403 .*HOST_NOT_ALLOWED/s);
  });

  it('listens on a Unix-domain socket that only its owner may use', async () => {
    const path = join(await temporaryFolder(), 'control.sock');
    const { server } = await controlStand({ host: `unix:${path}` });
    expect(server.url).toBe(`unix:${path}`);
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    const asked = request({ socketPath: path, path: '/health' }).end();
    const [answer] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    answer.resume();
    expect(answer.statusCode).toBe(200);
  });
});
