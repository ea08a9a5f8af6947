// Situation: a client writes whatever headers it likes into its handshake.
// Action: the gateway makes the request for the backend out of them.
// Expected: end-to-end headers arrive untouched, hop-by-hop ones do not, and nobody forges or strips what the gateway adds.
import { upgradeHead, type RawHead } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand, type HeaderLines, type Stand } from './stand.js';

const subject = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/both/{everything}', port, { Gateway: { ForwardedHeaders: 'both' } }),
    route('/forwarded/{everything}', port, { Gateway: { ForwardedHeaders: 'forwarded' } }),
    route('/off/{everything}', port, { Gateway: { ForwardedHeaders: 'off' } }),
  ],
}));

const behindProxy = stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/listed/{everything}', port, { SecurityOptions: { IPBlockedList: ['203.0.113.0/24'] } }),
  ],
  GlobalConfiguration: { Gateway: { TrustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] } },
}));

async function seenByBackend(headers: HeaderLines, folder = 'ws', where: Stand = subject): Promise<RawHead> {
  return (await where.ask(folder, headers)).head;
}

describe('end-to-end headers', () => {
  it('keep order, case, duplicates and values (RFC 9110 §5.3)', async () => {
    const headers = {
      'X-First': '1',
      'x-lower': 'a, b',
      Cookie: ['a=1; b=2', 'c=3'],
      'X-Empty': '',
      'X-Many': ['one', 'two', 'three'],
      'x-QUOTED': '"a\\"b", \'c\'',
      Authorization: 'Basic dXNlcjpwYXNz',
      Origin: 'https://app.test',
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)',
      'Accept-Language': 'de, en;q=0.5',
      'X-Last': '9',
    };
    const head = await seenByBackend(headers);
    const sent = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
    const names = new Set(Object.keys(headers));
    expect(head.headers.filter(([name]) => names.has(name))).toEqual(sent);
  });

  it('keep bytes beyond ASCII (RFC 9110 §5.5, obs-text)', async () => {
    const target = subject.target();
    const client = await subject.connect();
    const value = Buffer.from([0x61, 0xe4, 0x80, 0xff, 0xc3, 0xa9, 0x7a]);
    const [before, after] = upgradeHead({ target, headers: { 'X-Bytes': '@' } }).split('@');
    client.send(Buffer.concat([Buffer.from(before ?? ''), value, Buffer.from(after ?? '')]));
    const { head } = await subject.backend.call(target);
    expect(head.get('x-bytes')).toBe(value.toString('latin1'));
  });

  it('may be 16 KB of cookies beside a token of 16 KB in the query', async () => {
    const cookie = `session=${'c'.repeat(16 * 1024)}`;
    const target = `${subject.target()}?token=${'t'.repeat(16 * 1024)}`;
    const client = await subject.connect();
    client.send(upgradeHead({ target, headers: { Cookie: cookie } }));
    const { head } = await subject.backend.call(target);
    expect(head.get('cookie')).toBe(cookie);
  });

  it('pass in hundreds, none of them dropped: more than a thousand are refused as a whole', async () => {
    const many = Array.from({ length: 900 }, (_, i) => String(i));
    const head = await seenByBackend({ 'X-N': many });
    expect(head.all('x-n')).toEqual(many);
  });

  it('carry no body framing (RFC 6455 §4.1)', async () => {
    const head = await seenByBackend({ 'Content-Length': '0' });
    expect(['0', undefined]).toContain(head.get('content-length'));
    expect(head.get('transfer-encoding')).toBeUndefined();
  });
});

describe('hop-by-hop headers (RFC 9110 §7.6.1)', () => {
  it('stay on their hop', async () => {
    const hops = { 'Keep-Alive': 'timeout=5', 'Proxy-Connection': 'keep-alive', TE: 'trailers', Trailer: 'X-T' };
    const head = await seenByBackend({ ...hops, Connection: 'Upgrade, Keep-Alive, TE' });
    for (const name of Object.keys(hops)) expect(head.get(name), `header ${name}`).toBeUndefined();
    expect(head.all('connection').map((value) => value.toLowerCase())).toEqual(['upgrade']);
  });

  it('are those that Connection names, in whatever case and on whatever line', async () => {
    const head = await seenByBackend({
      Connection: ['Upgrade, x-PRIVATE', 'X-Second'],
      'X-Private': '1',
      'x-second': '2',
      'X-Third': '3',
    });
    expect(head.get('x-private')).toBeUndefined();
    expect(head.get('x-second')).toBeUndefined();
    expect(head.get('x-third')).toBe('3');
  });

  // Attack: CVE-2026-33805, CVE-2025-48865, CVE-2021-32813: Connection names what the proxy adds.
  it('cannot be made of what the gateway adds', async () => {
    const head = await seenByBackend({
      Connection:
        'Upgrade, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Host, Sec-WebSocket-Key, Sec-WebSocket-Version, Connection',
    });
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'host', 'upgrade', 'connection']) {
      expect(head.all(name), `header ${name}`).toHaveLength(1);
    }
    expect(head.all('sec-websocket-key')).toHaveLength(1);
    expect(head.all('sec-websocket-version')).toEqual(['13']);
  });
});

describe('X-Forwarded headers', () => {
  const forged = {
    'X-Forwarded-For': ['203.0.113.9', '10.0.0.1'],
    'x-forwarded-proto': 'https',
    'X-FORWARDED-HOST': 'evil.test',
  };
  it('tell address, scheme and host of the client', async () => {
    const head = await seenByBackend({ Host: 'shop.test:8443' });
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.all('x-forwarded-proto').map((value) => value.replace('ws', 'http'))).toEqual(['http']);
    expect(head.all('x-forwarded-host')).toEqual(['shop.test:8443']);
  });

  // Attack: CVE-2026-3635: forwarded headers believed from anybody.
  it('of a stranger are replaced', async () => {
    const head = await seenByBackend(forged);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.all('x-forwarded-host')).toEqual(['gateway.test']);
    expect(head.all('x-forwarded-proto')).not.toContain('https');
  });

  // Attack: CVE-2025-64484: an application server reads X_Forwarded_For as X-Forwarded-For.
  it('have no aliases with underscores', async () => {
    const head = await seenByBackend({
      X_Forwarded_For: '203.0.113.9',
      'X-Forwarded_Host': 'evil.test',
      x_forwarded_proto: 'https',
    });
    expect(head.headers.map(([name]) => name.toLowerCase()).filter((name) => name.includes('_'))).toEqual([]);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
  });

  it('of a trusted proxy are appended to', async () => {
    const head = await seenByBackend({ ...forged, 'X-Forwarded-For': '203.0.113.9' }, 'ws', behindProxy);
    expect(head.all('x-forwarded-for').join(', ')).toBe('203.0.113.9, 127.0.0.1');
    expect(head.all('x-forwarded-proto').join(', ')).toMatch(/^https/);
    expect(head.all('x-forwarded-host').join(', ')).toMatch(/^evil\.test/);
  });

  it('of a trusted proxy name the address that IP lists see, the nearest that is no proxy', async () => {
    const status = async (chain: string): Promise<number> => {
      const target = behindProxy.target('listed');
      const client = await behindProxy.connect();
      client.send(upgradeHead({ target, headers: { 'X-Forwarded-For': chain } }));
      const first = await Promise.race([client.readHead(), behindProxy.backend.call(target)]);
      return 'status' in first ? first.status : 101;
    };
    expect(await status('203.0.113.9')).toBe(403);
    expect(await status('198.51.100.7, 203.0.113.9, 10.1.2.3')).toBe(403);
    expect(await status('203.0.113.9, 198.51.100.7')).toBe(101);
  });

  it('become Forwarded where the route says so (RFC 7239 §4)', async () => {
    const head = await seenByBackend({ ...forged, Forwarded: 'for=203.0.113.9' }, 'forwarded');
    expect(head.all('forwarded').join(', ')).toMatch(/for="?127\.0\.0\.1/i);
    expect(head.all('forwarded').join(', ')).not.toContain('203.0.113.9');
    expect(head.all('x-forwarded-for').join(', ')).not.toContain('203.0.113.9');
  });

  it('stand beside Forwarded where the route wants both', async () => {
    const head = await seenByBackend(forged, 'both');
    expect(head.all('forwarded').join(', ')).toMatch(/for="?127\.0\.0\.1/i);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
  });

  it('are not added where the route switches them off', async () => {
    const head = await seenByBackend({}, 'off');
    expect(head.headers.filter(([name]) => /forwarded/i.test(name))).toEqual([]);
  });
});

describe('a header that is none', () => {
  it.each([
    ['a NUL in its value (RFC 9110 §5.5)', 'X-A: a\0b'],
    ['a bare CR in its value (RFC 9112 §2.2)', 'X-A: a\rX-B: b'],
    ['a bare CR at the end of its value', 'X-A: a\r'],
    ['a blank before its colon (RFC 9112 §5.1)', 'X-A : a'],
    ['a blank in its name', 'X A: a'],
    ['no colon', 'just text'],
    ['no name', ': a'],
    ['a control character in its name', 'X\u0001A: a'],
    ['a parenthesis in its name', 'X(A): a'],
  ])('with %s is answered with 400 and never reaches the backend', async (_what, line) => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target }).replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
    expect((await client.readHead()).status).toBe(400);
    expect(subject.backend.has(target)).toBe(false);
  });

  it.each([
    ['folded line (RFC 9112 §5.2)', 'X-A: a\r\n b'],
    ['bare LF as line end (RFC 9112 §2.2)', 'X-A: a\nX-B: b'],
  ])('%s is refused or comes to the backend in clean lines', async (_what, line) => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(upgradeHead({ target }).replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
    const first = await Promise.race([client.readHead(), subject.backend.call(target)]);
    if ('status' in first) expect(first.status).toBe(400);
    else expect(first.head.headers.filter(([, value]) => /[\r\n\0]/.test(value))).toEqual([]);
  });
});
