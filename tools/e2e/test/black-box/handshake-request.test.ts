// Situation: a gateway with one route to a backend.
// Action: clients send handshakes, good and bad, as written on the wire.
// Expected: what RFC 6455 §4.2.1 allows reaches the backend; everything else gets a whole HTTP answer and nothing more.
import { SAMPLE_KEY, switchingHead, upgradeHead, type RawHead, type UpgradeHeadOptions } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { readRefusal, route, stand, type HeaderLines } from './stand.js';

const subject = stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

async function refused(options: UpgradeHeadOptions): Promise<{ status: number; header(name: string): string }> {
  const target = options.target ?? subject.target();
  const client = await subject.connect();
  client.send(upgradeHead({ ...options, target }));
  const { head } = await readRefusal(client);
  expect(subject.backend.has(target), 'the backend was not asked').toBe(false);
  return { status: head.status, header: (name) => head.all(name).join(', ') };
}

const key = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

describe('a handshake that breaks the rules', () => {
  const bad: Readonly<Record<string, HeaderLines>> = {
    'has no key (RFC 6455 §4.2.1)': { 'Sec-WebSocket-Key': undefined },
    'has an empty key': { 'Sec-WebSocket-Key': '' },
    'has a key that is no base64': { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' },
    'has a key of 15 bytes': { 'Sec-WebSocket-Key': key(15) },
    'has a key of 17 bytes': { 'Sec-WebSocket-Key': key(17) },
    'has a key without its padding': { 'Sec-WebSocket-Key': SAMPLE_KEY.slice(0, 22) },
    'has two different keys': { 'Sec-WebSocket-Key': [SAMPLE_KEY, key(16)] },
    'has the same key twice (RFC 6455 §11.3.1)': { 'Sec-WebSocket-Key': [SAMPLE_KEY, SAMPLE_KEY] },
    'has two versions (RFC 6455 §11.3.5)': { 'Sec-WebSocket-Version': ['13', '13'] },
    'has no Host (RFC 9112 §3.2)': { Host: undefined },
    'has two Hosts (RFC 9112 §3.2)': { Host: ['gateway.test', 'evil.test'] },
    'has the same Host twice (RFC 9112 §3.2)': { Host: ['gateway.test', 'gateway.test'] },
    'announces a body': { 'Content-Length': '5' },
    'announces a chunked body': { 'Transfer-Encoding': 'chunked' },
    'hides websocket in a list, without a key': {
      Upgrade: ['proto1, websocket, proto2', 'proto3'],
      'Sec-WebSocket-Key': undefined,
    },
  };
  it.each(Object.entries(bad))('is answered with 400 when it %s', async (_what, headers) => {
    expect(await refused({ headers })).toMatchObject({ status: 400 });
  });

  it.each(['12', '8', '14', '0', '013', '13.0', 'thirteen'])(
    'is answered with 426 and the version that is spoken when it asks for version %s (RFC 6455 §4.4)',
    async (version) => {
      const answer = await refused({ headers: { 'Sec-WebSocket-Version': version } });
      expect(answer.status).toBe(426);
      expect(answer.header('sec-websocket-version')).toBe('13');
      // RFC 9110 §15.5.22: a 426 names the protocol that is required.
      expect(answer.header('upgrade').toLowerCase()).toBe('websocket');
    },
  );

  it('is refused when it names no version', async () => {
    const { status } = await refused({ headers: { 'Sec-WebSocket-Version': undefined } });
    expect([400, 426]).toContain(status);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'is answered with 405 and Allow when its method is %s (RFC 9110 §15.5.6)',
    async (method) => {
      const answer = await refused({ method });
      expect(answer.status).toBe(405);
      expect(answer.header('allow')).toContain('GET');
    },
  );

  it('is refused when it speaks HTTP/1.0 (RFC 9110 §7.8)', async () => {
    const { status } = await refused({ version: 'HTTP/1.0' });
    expect([400, 426, 505]).toContain(status);
  });

  it('leaves the gateway to the next client', async () => {
    await refused({ headers: { 'Sec-WebSocket-Key': undefined } });
    expect((await subject.open()).response.status).toBe(101);
  });
});

describe('a handshake that asks for another protocol', () => {
  /** Sends it, has the backend answer, and gives what the backend was asked. */
  const served = async (bytes: (target: string) => string): Promise<RawHead> => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(bytes(target));
    const { connection, head } = await subject.backend.call(target);
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    const answer = await client.readHead();
    expect(answer.status).toBe(200);
    expect(String(await client.readBody(answer))).toBe('ok');
    return head;
  };

  it.each(['h2c', 'TLS/1.0', 'websocket2', 'web', 'proto1, proto2', 'websocket/13'])(
    'Upgrade: %s is served as HTTP/1.1, never tunnelled (RFC 9110 §7.8)',
    async (protocol) => {
      const head = await served((target) => upgradeHead({ target, headers: { Upgrade: protocol } }));
      expect(head.get('upgrade')).toBeUndefined();
      expect(head.get('connection') ?? '').not.toMatch(/upgrade/i);
    },
  );

  it('a plain GET gets an answer and no tunnel', async () => {
    const head = await served((target) => `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`);
    expect(head.method).toBe('GET');
  });

  it('Upgrade without Connection: upgrade is no handshake (RFC 6455 §4.2.1)', async () => {
    const head = await served((target) => upgradeHead({ target, headers: { Connection: 'keep-alive' } }));
    expect(head.get('upgrade')).toBeUndefined();
  });

  it('the preface of HTTP/2 with prior knowledge is refused (RFC 9113 §3.4)', async () => {
    const client = await subject.connect();
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect((await client.readToEnd()).toString('latin1')).toMatch(/^(?:HTTP\/1\.1 [45]\d\d |$)/);
  });
});

describe('a handshake that keeps to the rules', () => {
  const good: Readonly<Record<string, HeaderLines>> = {
    'Upgrade in mixed case (RFC 6455 §4.2.1)': { Upgrade: 'WebSocket' },
    'Upgrade in upper case': { Upgrade: 'WEBSOCKET' },
    'websocket within a list': { Upgrade: 'proto1, websocket, proto2' },
    'websocket on the second Upgrade line': { Upgrade: ['proto1', 'websocket'] },
    'Connection in upper case': { Connection: 'UPGRADE' },
    'upgrade within a Connection list': { Connection: 'keep-alive, Upgrade' },
    'upgrade on the second Connection line': { Connection: ['keep-alive', 'Upgrade'] },
    'empty elements in the Connection list (RFC 9110 §5.6.1)': { Connection: ' , keep-alive,, Upgrade ,' },
    'blanks and tabs around values (RFC 9110 §5.5)': {
      'Sec-WebSocket-Version': ' \t13 \t',
      'Sec-WebSocket-Key': `  ${SAMPLE_KEY}\t`,
    },
    'an empty body announced': { 'Content-Length': '0' },
    'a Host with port': { Host: 'gateway.test:8080' },
    'an IPv6 Host': { Host: '[::1]:8080' },
  };
  it.each(Object.entries(good))('opens with %s', async (_what, headers) => {
    const { request } = await subject.open({ headers });
    // RFC 6455 §4.1: what the backend gets is one plain handshake, however the client wrote it.
    expect(request.line).toMatch(/^GET \S+ HTTP\/1\.1$/);
    expect(request.all('upgrade').map((value) => value.toLowerCase())).toEqual(['websocket']);
    expect(request.all('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
    expect(request.all('sec-websocket-version')).toEqual(['13']);
    expect(request.all('sec-websocket-key')).toHaveLength(1);
    expect(Buffer.from(request.get('sec-websocket-key') ?? '', 'base64')).toHaveLength(16);
    expect(request.all('host')).toEqual([`127.0.0.1:${subject.backend.port}`]);
  });

  it.each([
    ['lower', (name: string) => name.toLowerCase()],
    ['upper', (name: string) => name.toUpperCase()],
  ])('opens with header names in %s case (RFC 9110 §5.1)', async (_case, change) => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target }).replaceAll(/^[\w-]+(?=:)/gm, change));
    const { connection, head } = await subject.backend.call(target);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect((await client.readHead()).status).toBe(101);
  });

  it('opens behind an empty line (RFC 9112 §2.2)', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(`\r\n${upgradeHead({ target })}`);
    expect((await subject.backend.call(target)).head.target).toBe(target);
  });
});
