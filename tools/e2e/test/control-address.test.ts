// Situation: whoever runs the gateway asks it things on `Gateway.Admin`: probes, scrapers, an operator who revokes.
// Action: calls with one process and with two workers, across reloads, crashes and a drain.
// Expected: one address that speaks for the whole gateway, for as long as it lives, and for nobody else.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type EchoBackend, echoBackend } from '@ocelot/test-support';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { ocelot, runOcelot, temporaryFolder, type RunningOcelot } from '../src/run-ocelot.js';
import { runWorkers } from '../src/run-workers.js';
import { Refused, talk } from '../src/talk.js';

const TOKEN = 'c0ffee-c0ffee-c0ffee';

/** Refuses whoever was revoked, and counts whom it let in: state that lives in each worker. */
const PLUGIN = `
const json = (value) => ({ status: 200, contentType: 'application/json', body: JSON.stringify(value) });
export default {
  name: 'doorman',
  setup(registry) {
    const revoked = new Set();
    let admitted = 0;
    registry.stage({ name: 'doorman', phase: 'authorize', forRoute: () => (exchange) => {
      const subject = exchange.request.header('x-subject');
      if (revoked.has(subject)) throw new Error('revoked');
      admitted += 1;
    } });
    registry.control({ method: 'POST', path: '/subjects/{subject}/revocation', description: 'Turns somebody away.',
      handle: ({ params }) => { revoked.add(params.subject); return json({ revoked: revoked.size }); } });
    registry.control({ method: 'GET', path: '/admitted', description: 'How many came in.',
      handle: () => json({ admitted }),
      merge: (answers) => json({ admitted: answers.reduce((sum, { body }) => sum + JSON.parse(body).admitted, 0), workers: answers.length }) });
  },
};
`;

let service: EchoBackend;
let plugin: string;

beforeEach(async () => {
  service = await echoBackend();
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  plugin = join(folder.path, 'doorman.mjs');
  await writeFile(plugin, PLUGIN);
});

afterEach(() => service.close());

const config = (Admin: object | undefined, gateway: object = {}): object => ({
  Routes: [
    {
      UpstreamPathTemplate: '/room',
      DownstreamPathTemplate: '/room',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
    },
  ],
  GlobalConfiguration: { Gateway: { ...gateway, ...(Admin && { Admin }) } },
});

/** Where the log says that the control address is, the latest. */
async function controlUrl(gateway: RunningOcelot, count = 1): Promise<string> {
  const opened = (): Record<string, unknown>[] => gateway.logs().filter(({ msg }) => msg === 'control address open');
  await gateway.log(() => opened().length >= count);
  return String(opened().at(-1)?.['url']);
}

/** Whether somebody may open a socket. */
async function mayEnter({ authority }: RunningOcelot, subject: string): Promise<boolean> {
  try {
    const talker = await talk(`ws://${authority}/room`, { headers: { 'x-subject': subject } });
    await talker.close();
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

describe('the control address of one process', () => {
  it('is live, ready, and lists the calls of plugins', async () => {
    const gateway = await runOcelot(config({ Port: 0 }), { args: ['--plugin', plugin] });
    onTestFinished(async () => void (await gateway.stop()));
    const url = await controlUrl(gateway);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'ready' });
    const list = await (await fetch(`${url}/`)).text();
    expect(list).toContain('"path":"/subjects/{subject}/revocation","description":"Turns somebody away."');
  });

  it('is not served where clients are, nor where nobody asked for it', async () => {
    const gateway = await runOcelot(config(undefined), { args: ['--plugin', plugin] });
    onTestFinished(async () => void (await gateway.stop()));
    expect((await fetch(`http://${gateway.authority}/ready`)).status).toBe(404);
    expect(gateway.logs().some(({ msg }) => msg === 'control address open')).toBe(false);
  });

  it('stays open while the gateway drains, not ready, and closes last', async () => {
    const file = config({ Port: 0 }, { Drain: { DeadlineMs: 30_000, SpreadMs: 0 }, CloseTimeoutMs: 60_000 });
    const gateway = await runOcelot(file);
    const url = await controlUrl(gateway);
    const silent = await talk(`ws://${gateway.authority}/room`);
    silent.socket.pause(); // It never answers the Close.
    onTestFinished(() => silent.socket.terminate());
    gateway.signal('SIGTERM');
    await gateway.log(({ msg }) => String(msg).startsWith('stopping'));
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining' }]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    silent.socket.terminate();
    expect((await gateway.ended()).code).toBe(0);
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  });

  it('moves with a reload, and stays where it is when the new place is no good', async () => {
    const gateway = await runOcelot(config({ Port: 0 }));
    onTestFinished(async () => void (await gateway.stop()));
    const first = await controlUrl(gateway);
    await gateway.reload(config({ Port: 0, Host: '127.0.0.2', Token: TOKEN }));
    const second = await controlUrl(gateway, 2);
    expect(second).toContain('//127.0.0.2:');
    expect((await fetch(second)).status).toBe(401);
    expect((await fetch(second, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    await expect(fetch(first)).rejects.toThrow('fetch failed');

    await gateway.write(config({ Port: 0, Host: '0.0.0.0' }));
    gateway.signal('SIGHUP');
    const refused = await gateway.log(({ kind }) => kind === 'AdminAddress');
    expect(refused['source']).toMatch(/ocelot\.json#\/GlobalConfiguration\/Gateway\/Admin\/Host$/);
    expect((await fetch(`${second}/ready`)).status).toBe(200);
    expect(JSON.stringify(gateway.logs())).not.toContain(TOKEN);
  });

  it('refuses to start on a port that is taken, with 3', async () => {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    const file = join(folder.path, 'ocelot.json');
    await writeFile(file, JSON.stringify(config({ Port: service.port })));
    const { code, stderr } = await ocelot(['run', file, '--port', '0']);
    expect(code).toBe(3);
    expect(stderr).toContain(`Port ${service.port} on 127.0.0.1 is taken by another process.`);
  });
});

describe('the control address of a gateway with two workers', () => {
  it('reaches every worker: who is revoked once comes in nowhere, and counts are summed', async () => {
    const gateway = await runWorkers(config({ Port: 0 }), 2, '--plugin', plugin);
    onTestFinished(async () => void (await gateway.end()));
    const url = await controlUrl(gateway);
    for (let index = 0; index < 8; index += 1) expect(await mayEnter(gateway, 'ada')).toBe(true);
    expect(await (await fetch(`${url}/admitted`)).json()).toEqual({ admitted: 8, workers: 2 });

    const revoked = await fetch(`${url}/subjects/ada/revocation`, { method: 'POST' });
    expect([revoked.status, await revoked.json()]).toEqual([200, { revoked: 1 }]);
    for (let index = 0; index < 8; index += 1) expect(await mayEnter(gateway, 'ada')).toBe(false);
    expect(await mayEnter(gateway, 'bob')).toBe(true);
  });

  it('goes on answering when a worker is gone, and has the next one take its place', async () => {
    const gateway = await runWorkers(config({ Port: 0 }), 2, '--plugin', plugin);
    onTestFinished(async () => void (await gateway.end()));
    const url = await controlUrl(gateway);
    process.kill(gateway.pidOf(1), 'SIGKILL');
    await gateway.log(({ msg }) => String(msg).startsWith('worker ended by'));
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect((await fetch(`${url}/admitted`)).status).toBe(200);
    await gateway.log(() => gateway.pids().length === 3);
    expect(await (await fetch(`${url}/admitted`)).json()).toMatchObject({ workers: 2 });
  });

  it('is not ready any more while workers drain', async () => {
    const gateway = await runWorkers(
      config({ Port: 0 }, { Drain: { DeadlineMs: 30_000, SpreadMs: 0 }, CloseTimeoutMs: 60_000 }),
      2,
    );
    const url = await controlUrl(gateway);
    const silent = await talk(`ws://${gateway.authority}/room`);
    silent.socket.pause();
    onTestFinished(() => silent.socket.terminate());
    gateway.signal('SIGTERM');
    await gateway.log(({ msg }) => String(msg).startsWith('stopping'));
    expect((await fetch(`${url}/ready`)).status).toBe(503);
    silent.socket.terminate();
    expect((await gateway.ended()).code).toBe(0);
  });
});
