// Situation: a person writes the smallest ocelot.json that Ocelot's manual shows for WebSockets.
// Action: the command is run on it and a message is sent to the gateway.
// Expected: the service behind it gets the message at its own path, and its answer comes back.
import { echoBackend, type EchoBackend } from '@ocelot/test-support';
import { afterEach, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

const backends: EchoBackend[] = [];
let gateway: RunningOcelot | undefined;

async function backend(name: string): Promise<EchoBackend> {
  const started = await echoBackend({ name });
  backends.push(started);
  return started;
}

afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await Promise.all(backends.splice(0).map((each) => each.close()));
});

const route = (...ports: number[]): object => ({
  DownstreamPathTemplate: '/ws',
  UpstreamPathTemplate: '/',
  DownstreamScheme: 'ws',
  DownstreamHostAndPorts: ports.map((Port) => ({ Host: '127.0.0.1', Port })),
});

describe.each(['Routes', 'ReRoutes'])('an ocelot.json with %s', (key) => {
  it('sends a message for / to the service at /ws and brings the echo back', async () => {
    const service = await backend('a:');
    gateway = await runOcelot({ [key]: [route(service.port)] });
    const client = await talk(`ws://${gateway.authority}/`);
    expect(await client.ask('hello')).toBe('a:hello');
    expect(service.requests.map((request) => request.url)).toEqual(['/ws']);
    await client.close();
  });

  it('alternates between two hosts under RoundRobin', async () => {
    const [a, b] = [await backend('a:'), await backend('b:')];
    gateway = await runOcelot({
      [key]: [{ ...route(a.port, b.port), LoadBalancerOptions: { Type: 'RoundRobin' } }],
    });
    const answers: string[] = [];
    for (let index = 0; index < 4; index++) {
      const client = await talk(`ws://${gateway.authority}/`);
      answers.push(await client.ask('x'));
      await client.close();
    }
    expect(answers).toEqual(['a:x', 'b:x', 'a:x', 'b:x']);
  });
});

describe('the seed example with one dead host of two', () => {
  it('fails no connect: the next host is tried before anything reaches the client', async () => {
    const [dead, alive] = [await backend('dead:'), await backend('alive:')];
    await dead.close();
    gateway = await runOcelot({
      Routes: [{ ...route(dead.port, alive.port), LoadBalancerOptions: { Type: 'RoundRobin' } }],
    });
    for (let index = 0; index < 4; index++) {
      const client = await talk(`ws://${gateway.authority}/`);
      expect(await client.ask('x')).toBe('alive:x');
      await client.close();
    }
  });
});

describe('the log of the seed example', () => {
  it('has one line for each connection at its end: route, endpoint, duration, counts, who closed, code and reason', async () => {
    const service = await backend('');
    gateway = await runOcelot({ Routes: [{ ...route(service.port), Key: 'chat' }] });
    const client = await talk(`ws://${gateway.authority}/`);
    await client.ask('hello');
    client.socket.close(4001, 'done here');
    await client.closed;
    const line = await gateway.log((each) => each.closeCode === 4001);
    expect(line).toMatchObject({
      route: 'chat',
      endpoint: `127.0.0.1:${service.port}`,
      closedBy: 'client',
      closeCode: 4001,
      closeReason: 'done here',
      messagesFromClient: 1,
      messagesFromBackend: 1,
    });
    expect(line.bytesFromClient).toBeGreaterThan(5);
    expect(line.durationMs).toBeTypeOf('number');
    expect(gateway.logs().filter((each) => each.closeCode === 4001)).toHaveLength(1);
  });
});
