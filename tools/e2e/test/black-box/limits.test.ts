// Situation: more of everything than a gateway should take: connections, headers, time, sockets that come and go.
// Action: the limits are reached, crossed, and left again.
// Expected: a clear answer at the limit, service below it, and not one socket or lease more at the end than at the start.
import {
  echoBackend,
  encodeFrame,
  eventually,
  OPCODE,
  upgradeHead,
  within,
  type EchoBackend,
  type RawClient,
} from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { talk } from '../../src/talk.js';
import { HAS_PROC } from './gateway-process.js';
import { readRefusal, route, stand } from './stand.js';

let echo: EchoBackend;

const subject = stand(async (port) => {
  echo = await echoBackend({ perMessageDeflate: false });
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/echo/{everything}', echo.port),
      route('/three/{everything}', port, { Gateway: { MaxConnections: 3 } }),
      route('/per-ip/{everything}', port, { Gateway: { MaxConnectionsPerIp: 2 } }),
      route('/away/{everything}', 9, { Gateway: { MaxConnections: 1 } }),
    ],
    GlobalConfiguration: { Gateway: { TrustedProxies: ['127.0.0.1'] } },
  };
});

afterAll(() => echo.close());

const patient = stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

/** Clients that take their time. The listener gives them ten seconds, so they begin first and are looked at last. */
interface SlowClients {
  readonly silent: RawClient;
  readonly stopping: RawClient;
  readonly dripping: RawClient;
}
let slow: SlowClients;
let drip: NodeJS.Timeout;

beforeAll(async () => {
  slow = { silent: await patient.connect(), stopping: await patient.connect(), dripping: await patient.connect() };
  const head = upgradeHead({ target: '/ws/slow' });
  slow.stopping.send(head.slice(0, 80));
  slow.dripping.send(head.replace('\r\n\r\n', '\r\nX-Slow: '));
  drip = setInterval(() => {
    if (slow.dripping.socket.writable) slow.dripping.send('x');
  }, 300);
});

afterAll(() => clearInterval(drip));

async function refused(
  target: string,
  headers = {},
): Promise<{ readonly status: number; readonly retryAfter: number }> {
  const client = await subject.connect();
  client.send(upgradeHead({ target, headers }));
  const { head } = await readRefusal(client);
  return { status: head.status, retryAfter: Number(head.get('retry-after')) };
}

async function allGone(): Promise<void> {
  if (HAS_PROC) await subject.everySocketIsClosed();
}

describe('MaxConnections', () => {
  it('answers the fourth of three with 503, and the next one as soon as one left', async () => {
    const tunnels = [];
    for (let i = 0; i < 3; i += 1) tunnels.push(await subject.open({ folder: 'three' }));
    expect((await refused('/three/full')).status).toBe(503);
    tunnels[0]?.client.reset();
    tunnels[0]?.backend.destroy();
    const next = await eventually(async () => {
      const client = await subject.connect();
      const target = subject.target('three');
      client.send(upgradeHead({ target }));
      const first = await Promise.race([client.readHead(), subject.backend.call(target)]);
      return 'status' in first ? undefined : client;
    }, 'a place is free');
    next.destroy();
    for (const { client, backend } of tunnels) {
      client.destroy();
      backend.destroy();
    }
    await allGone();
  });

  it('counts whoever is still in the handshake', async () => {
    const asking = [];
    for (let i = 0; i < 3; i += 1) asking.push(await subject.ask('three'));
    expect((await refused('/three/full')).status).toBe(503);
    for (const { client } of asking) client.reset();
    await allGone();
    const { client, backend } = await subject.open({ folder: 'three' });
    client.destroy();
    backend.destroy();
    await allGone();
  });

  it('does not count those that were refused', async () => {
    for (let i = 0; i < 5; i += 1) expect((await refused('/away/1')).status).toBe(502);
  });
});

describe('MaxConnectionsPerIp', () => {
  const from = (address: string) => ({ 'X-Forwarded-For': address });
  it('answers the third of one address with 429 and Retry-After (RFC 6585 §4), others not', async () => {
    for (const address of ['198.51.100.1', '198.51.100.1', '198.51.100.2', '2001:db8:1:2::1', '2001:db8:1:2:ffff::2']) {
      await subject.open({ folder: 'per-ip', headers: from(address) });
    }
    const third = await refused('/per-ip/x', from('198.51.100.1'));
    expect(third.status).toBe(429);
    expect(third.retryAfter).toBeGreaterThan(0);
    // Another notation of the same address is the same address.
    expect((await refused('/per-ip/x', from('::ffff:198.51.100.1'))).status).toBe(429);
    // One client owns the whole /64.
    expect((await refused('/per-ip/x', from('2001:db8:1:2:3:4:5:6'))).status).toBe(429);
    await subject.open({ folder: 'per-ip', headers: from('2001:db8:1:3::1') });
    await subject.open({ folder: 'per-ip', headers: from('198.51.100.2') });
  });
});

describe('a flood of headers', () => {
  // Attack: CVE-2024-37890, and memory filled by heads that never end.
  it.each([
    ['one header of 100 KB', { 'X-Big': 'a'.repeat(100_000) }],
    ['20,000 headers', { 'X-N': Array.from({ length: 20_000 }, (_, i) => String(i)) }],
    ['a name of 100 KB', { ['X'.repeat(100_000)]: 'a' }],
  ])('(%s) is answered with 431 and reaches nobody (RFC 6585 §5)', async (_what, headers) => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target, headers }));
    expect((await client.readHead()).status).toBe(431);
    expect(subject.backend.has(target)).toBe(false);
  });

  it('without an end is cut off', async () => {
    const client = await subject.connect();
    client.send('GET /ws/flood HTTP/1.1\r\nHost: gateway.test\r\n');
    const line = `X-A: ${'a'.repeat(1000)}\r\n`.repeat(20);
    let sent = 0;
    while (!client.finReceived && !client.isClosed && sent < 20_000_000) {
      client.send(line);
      sent += line.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(20_000_000);
    expect(client.unread.toString()).toMatch(/^(?:HTTP\/1\.1 431 |$)/);
  });
});

describe('many sockets', () => {
  it('2,000 opened, used and closed in order leave nothing behind', async () => {
    await allGoneButKept();
    const start = HAS_PROC ? subject.process.sockets : 0;
    const url = `ws://${subject.gateway.authority}/echo/1`;
    for (let wave = 0; wave < 4; wave += 1) {
      const talkers = await Promise.all(Array.from({ length: 500 }, () => talk(url, { perMessageDeflate: false })));
      const answers = await Promise.all(talkers.map((talker, i) => talker.ask(String(i))));
      expect(answers).toEqual(talkers.map((_, i) => String(i)));
      await Promise.all(talkers.map((talker) => talker.close()));
    }
    if (HAS_PROC) await eventually(() => subject.process.sockets <= start, 'every socket is closed');
    expect(echo.requests.length).toBeGreaterThanOrEqual(2000);
  });

  it('cut in every way, 600 of them, leave nothing behind', async () => {
    const start = HAS_PROC ? subject.process.sockets : 0;
    const ping = encodeFrame({ opcode: OPCODE.ping, payload: 'p', mask: true });
    for (let wave = 0; wave < 6; wave += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const client = await subject.connect();
          const head = upgradeHead({ target: i % 5 === 4 ? '/nowhere' : '/echo/cut' });
          client.send(i % 7 === 6 ? head.slice(0, 50) : head);
          if (i % 7 !== 6 && i % 3 !== 0) await client.readHead();
          if (i % 3 === 1) client.send(ping.subarray(0, i % 6));
          if (i % 2 === 0) client.reset();
          else client.destroy();
        }),
      );
    }
    if (HAS_PROC) await eventually(() => subject.process.sockets <= start, 'every socket is closed');
    const survivor = await talk(`ws://${subject.gateway.authority}/echo/after`);
    expect(await survivor.ask('still here')).toBe('still here');
    await survivor.close();
  });

  it('2,000 refused handshakes leave nothing behind', async () => {
    const start = HAS_PROC ? subject.process.sockets : 0;
    for (let wave = 0; wave < 20; wave += 1) {
      const statuses = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const client = await subject.connect();
          client.send(
            upgradeHead({
              target: ['/nowhere', '/away/1', '/ws/x'][i % 3] ?? '',
              headers: i % 3 === 2 ? { 'Sec-WebSocket-Key': 'x' } : {},
            }),
          );
          const head = await client.readHead();
          client.destroy();
          return head.status;
        }),
      );
      expect(statuses.every((status) => [404, 502, 503, 400].includes(status))).toBe(true);
    }
    if (HAS_PROC) await eventually(() => subject.process.sockets <= start, 'every socket is closed');
  });
});

describe('a client that takes its time', () => {
  const LIMIT_MS = 15_000;
  it('to say anything at all is let go', async () => {
    await within(slow.silent.ended, 'the end of a silent connection', LIMIT_MS);
    expect(slow.silent.finReceived || slow.silent.isClosed).toBe(true);
  });

  // Attack: slowloris.
  it.each(['stopping', 'dripping'] as const)(
    'with its head, %s, is answered with 408 (RFC 9110 §15.5.9)',
    async (kind) => {
      await within(slow[kind].ended, 'the answer', LIMIT_MS);
      expect((await slow[kind].readToEnd()).toString('latin1')).toMatch(/^HTTP\/1\.1 408 /);
      expect(patient.backend.calls).toHaveLength(0);
    },
  );
});

/** The sockets of the tests above that stay open on purpose are counted in; half-closed ones are not. */
async function allGoneButKept(): Promise<void> {
  let before = -1;
  await eventually(async () => {
    const now = HAS_PROC ? subject.process.sockets : 0;
    const settled = now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return settled;
  }, 'the number of sockets settles');
}
