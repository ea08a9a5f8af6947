// Situation: routes that limit what open sockets may send, and how many of them a client may have.
// Action: clients over HTTP/1.1 and HTTP/2 keep the limits, and pass them, with every action that can follow.
// Expected: nothing within a limit is touched; beyond it senders wait, lose whole messages or are told with a Close frame.
import { OPCODE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { type Lines, type Opened, pipelineStand, REQUEST_WAYS, SOCKET_WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

const SLOW = 0.001;
const limited = (path: string, port: number, RateLimit: object): object =>
  route(path, port, { Gateway: { RateLimit } });
const messages = (rate: object, more: object = {}): object => ({ Messages: { ...rate, Action: 'close', ...more } });

const subject = pipelineStand((port) => ({
  Routes: [
    limited('/pause', port, { Messages: { PerConnection: { PerSecond: 20, Burst: 2 } } }),
    limited('/drop', port, { Messages: { PerConnection: { PerSecond: SLOW, Burst: 2 }, Action: 'drop' } }),
    limited('/close', port, messages({ PerConnection: { PerSecond: SLOW, Burst: 3 } })),
    limited('/bytes', port, {
      Bytes: { PerConnection: { PerSecond: SLOW, Burst: 100 }, Action: 'close', CloseCode: 1013 },
    }),
    limited('/client', port, { By: ['header'], ...messages({ PerClient: { PerSecond: SLOW, Burst: 3 } }) }),
    limited('/route', port, { By: ['header'], ...messages({ PerRoute: { PerSecond: SLOW, Burst: 3 } }) }),
    limited('/backend', port, messages({ PerConnection: { PerSecond: SLOW, Burst: 3 } }, { From: 'backend' })),
    limited('/sockets', port, { Connections: { Max: 1, By: ['header'] } }),
    limited('/off', port, { Connections: { Max: 0 }, Messages: { PerConnection: { PerSecond: 0, Burst: 0 } } }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    Gateway: { RateLimit: { Connections: { Max: 1, By: ['header'] } } },
  },
}));

let count = 0;
const stranger = (): Lines => ({ 'Oc-Client': `client-${(count += 1)}` });

async function talk(client: Opened, ...texts: string[]): Promise<void> {
  for (const text of texts) {
    client.say(text);
    expect(await client.hear()).toBe(text);
  }
}

/** How a socket was ended: what the client was told, and what the log says. */
async function endOf(client: Opened): Promise<object> {
  const close = await client.close();
  const { code, closedBy } = await subject.line(client.id);
  return { ...close, log: code, closedBy };
}

const limitedWith = (code: number): object => ({
  code,
  reason: expect.stringMatching(/^Too m(?:any|uch)/),
  log: 'OCELOT_ERR_RATE_LIMITED',
  closedBy: 'gateway',
});

describe.each(SOCKET_WAYS)('a socket by %s', (way) => {
  it('that sends too much is read no more for a while, and loses nothing (Action pause)', async () => {
    const client = await subject.enter(way, '/pause');
    const texts = Array.from({ length: 6 }, (_, index) => `message ${index}`);
    const begin = performance.now();
    for (const text of texts) client.say(text);
    const heard: string[] = [];
    while (heard.length < texts.length) heard.push(await client.hear());
    expect(heard).toEqual(texts);
    await talk(client, 'one more');
    // Seven messages at 20 a second, two of them at once.
    expect(performance.now() - begin).toBeGreaterThan(200);
    const reached = await subject.gateway.log(
      ({ requestId, msg }) => requestId === client.id && /limit/.test(String(msg)),
    );
    expect(JSON.stringify(reached)).toContain('pause');
  });

  it('that sends too much loses whole messages (Action drop)', async () => {
    const client = await subject.enter(way, '/drop');
    for (let index = 0; index < 6; index += 1) client.say(`message ${index}`);
    expect([await client.hear(), await client.hear()]).toEqual(['message 0', 'message 1']);
    client.connection.sendFrame({ opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe8]), mask: true });
    expect((await client.connection.readFrame()).opcode, 'nothing else arrives before the Close').toBe(OPCODE.close);
  });

  it('that sends too much is closed with 1008 (Action close)', async () => {
    const client = await subject.enter(way, '/close');
    await talk(client, '1', '2', '3');
    client.say('4');
    expect(await endOf(client)).toEqual(limitedWith(1008));
  });

  it('counts a message once, in however many fragments, and pings not at all', async () => {
    const client = await subject.enter(way, '/close');
    for (let index = 0; index < 3; index += 1) {
      client.connection.sendFrame({ opcode: OPCODE.text, payload: 'a', fin: false, mask: true });
      client.connection.sendFrame({ opcode: OPCODE.ping, payload: 'p', mask: true });
      client.connection.sendFrame({ opcode: OPCODE.continuation, payload: 'b', fin: false, mask: true });
      client.connection.sendFrame({ opcode: OPCODE.continuation, payload: 'c', mask: true });
      const frames = await client.connection.readFrames(2);
      expect(frames.find(({ opcode }) => opcode === OPCODE.text)?.payload.toString()).toBe('abc');
    }
    client.say('d');
    expect(await endOf(client)).toEqual(limitedWith(1008));
  });

  it('counts bytes of payload, those of control frames too, and closes with the code of the route', async () => {
    const talker = await subject.enter(way, '/bytes', stranger());
    await talk(talker, 'x'.repeat(60), 'x'.repeat(40));
    talker.say('y');
    expect(await endOf(talker)).toEqual(limitedWith(1013));
    const pinger = await subject.enter(way, '/bytes', stranger());
    for (let index = 0; index < 3; index += 1) {
      pinger.connection.sendFrame({ opcode: OPCODE.ping, payload: 'p'.repeat(50), mask: true });
    }
    expect(await endOf(pinger)).toEqual(limitedWith(1013));
  });

  it('shares the rate of its client with its other sockets, and with nobody else', async () => {
    const me = stranger();
    const [first, second, other] = [
      await subject.enter(way, '/client', me),
      await subject.enter(way, '/client', me),
      await subject.enter(way, '/client', stranger()),
    ];
    await talk(first, '1', '2');
    await talk(second, '3');
    second.say('4');
    expect(await endOf(second)).toEqual(limitedWith(1008));
    await talk(other, '1', '2', '3');
  });

  it('is closed for what the backend sends too much, where From says so', async () => {
    const client = await subject.enter(way, '/backend');
    for (let index = 0; index < 5; index += 1) client.say(String(index));
    expect((await client.close()).code).toBe(1008);
    expect(await subject.line(client.id)).toMatchObject({ code: 'OCELOT_ERR_RATE_LIMITED' });
  });

  it('is one of as many as its client may have open on the route; its place is free as soon as it is gone', async () => {
    const me = stranger();
    const first = await subject.enter(way, '/sockets', me);
    for (const other of SOCKET_WAYS) {
      const reached = await subject.reach(other, '/sockets', me);
      expect(reached.status).toBe(429);
      expect(await subject.line(reached.id)).toMatchObject({ status: 429, code: 'OCELOT_ERR_RATE_LIMITED' });
      expect(subject.witness.has(reached.id)).toBe(false);
    }
    for (const request of REQUEST_WAYS) expect((await subject.reach(request, '/sockets', me)).status).toBe(200);
    await subject.enter(way, '/sockets', stranger());
    await subject.leave(first);
    const again = await subject.enter(way, '/sockets', me);
    await subject.leave(again);
    // A refusal of the backend holds no place either.
    expect((await subject.reach(way, '/sockets?answer=403', me)).status).toBe(403);
    expect((await subject.reach(way, '/sockets', me)).status).toBe(101);
  });

  it('is not limited by zeros, nor by the global section where the route has its own', async () => {
    const me = stranger();
    const both = [await subject.enter(way, '/off', me), await subject.enter(way, '/off', me)];
    for (const client of both) await talk(client, ...Array.from({ length: 20 }, (_, index) => String(index)));
    expect(both.map(({ connection }) => connection.finReceived)).toEqual([false, false]);
  });
});

describe('the rate of a route', () => {
  it('is shared by all of its clients', async () => {
    const [first, second] = [
      await subject.enter('upgrade over HTTP/1.1', '/route', stranger()),
      await subject.enter('CONNECT over HTTP/2', '/route', stranger()),
    ];
    await talk(first, '1', '2');
    await talk(second, '3');
    first.say('4');
    expect(await endOf(first)).toEqual(limitedWith(1008));
  });
});
