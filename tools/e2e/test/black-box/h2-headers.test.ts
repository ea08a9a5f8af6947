// Situation: clients of HTTP/2 write whatever headers they like, into requests and into handshakes.
// Action: the gateway makes a request of HTTP/1.1 for the backend out of them.
// Expected: end-to-end headers arrive, hop-by-hop ones do not, nobody forges or strips what the gateway adds, and no
// target changes the host.
import { eventually, H2_FLAG, scriptedBackend, type RawHead, type ScriptedBackend } from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { type Fields, getFields, h2Stand, type H2Stand, socketFields, type Verdict, verdictOf } from './h2-stand.js';
import { route } from './stand.js';

let evil: ScriptedBackend;

const subject = h2Stand(async (port) => {
  evil = await scriptedBackend();
  return {
    Routes: [
      route('/ws/{everything}', port),
      { ...route('/in/{everything}', port), DownstreamPathTemplate: '/public/{everything}' },
      route('/listed/{everything}', port, { SecurityOptions: { IPBlockedList: ['203.0.113.0/24'] } }),
    ],
  };
});

const behindProxy = h2Stand((port) => ({
  Routes: [
    route('/ws/{everything}', port),
    route('/listed/{everything}', port, { SecurityOptions: { IPBlockedList: ['203.0.113.0/24'] } }),
  ],
  GlobalConfiguration: { Gateway: { TrustedProxies: ['127.0.0.0/8'] } },
}));

afterAll(async () => {
  expect(evil.connections).toHaveLength(0);
  await evil.close();
});

const KINDS = [
  ['a WebSocket', socketFields, 0],
  ['a request', getFields, H2_FLAG.endStream],
] as const;

describe.each(KINDS)('the head of %s over HTTP/2', (_kind, fieldsOf, flags) => {
  /** Sends one request and gives back how it was refused, or what the backend was asked. */
  async function send(fields: Fields, path: string, where: H2Stand = subject): Promise<number | RawHead> {
    const client = await where.raw();
    client.sendHeaders(1, fields, flags);
    const outcome = await where.outcomeOf(client, 1, path);
    if ('head' in outcome) return outcome.head;
    return outcome.status ?? 400;
  }
  async function seen(more: Fields, where: H2Stand = subject): Promise<RawHead> {
    const path = where.target();
    const head = await send(fieldsOf(path, more), path, where);
    if (typeof head === 'number') throw new Error(`refused with ${head}`);
    return head;
  }

  it('keeps end-to-end headers in their order, duplicates and bytes (RFC 9110 §5.3, §5.5)', async () => {
    const more: Fields = [
      ['x-first', '1'],
      ['x-many', 'one'],
      ['x-many', 'two, three'],
      ['x-empty', ''],
      ['x-bytes', 'a\u00e4\u00ff'],
      ['authorization', 'Basic dXNlcjpwYXNz'],
      ['origin', 'https://app.test'],
      ['x-last', '9'],
    ];
    const names = new Set(more.map(([name]) => name));
    const { headers } = await seen(more);
    const lower = headers.map(([name, value]) => [name.toLowerCase(), value]);
    expect(lower.filter(([name]) => names.has(name ?? ''))).toEqual(more);
  });

  it('names the backend in Host, one time, and tells :authority in X-Forwarded-Host (RFC 9113 §8.3.1)', async () => {
    const head = await seen([]);
    expect(head.all('host')).toEqual([`127.0.0.1:${subject.backend.port}`]);
    expect(head.all('x-forwarded-host')).toEqual(['gateway.test']);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.all('x-forwarded-proto').map((value) => value.replace('wss', 'https'))).toEqual(['https']);
    expect(head.headers.filter(([name]) => name.startsWith(':'))).toEqual([]);
  });

  it('keeps TE and what belongs to the hop of HTTP/1.1 away (RFC 9110 §7.6.1, S12)', async () => {
    const head = await seen([
      ['te', 'trailers'],
      ['trailer', 'x-t'],
      ['proxy-authorization', 'Basic eA=='],
    ]);
    const named = head.all('connection').flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
    // TE may go on where Connection names it (RFC 9110 §10.1.4); towards a WebSocket nobody needs it.
    if (head.get('te') !== undefined) expect(named).toContain('te');
    expect(head.all('proxy-connection')).toEqual([]);
    expect(head.all('http2-settings')).toEqual([]);
  });

  // Attack: CVE-2026-3635, CVE-2025-64484: forwarded headers of strangers, also with other letters.
  it('believes no stranger what a proxy says, in no spelling (S13)', async () => {
    const head = await seen([
      ['x-forwarded-for', '203.0.113.9'],
      ['x-forwarded-for', '10.0.0.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'evil.test'],
      ['forwarded', 'for=203.0.113.9;host=evil.test'],
      ['x_forwarded_for', '203.0.113.9'],
      ['x-forwarded_host', 'evil.test'],
      ['x-client-cert-subject', 'CN=admin'],
      ['x_client_cert_subject', 'CN=admin'],
    ]);
    expect(head.all('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(head.all('x-forwarded-host')).toEqual(['gateway.test']);
    expect(head.all('x-forwarded-proto')).not.toContain('http');
    expect(head.headers.filter(([name, value]) => name.includes('_') || /203\.0|evil|admin/.test(value))).toEqual([]);
  });

  it('goes on with what a trusted proxy says, which IP lists see too (S13)', async () => {
    const head = await seen(
      [
        ['x-forwarded-for', '198.51.100.7'],
        ['x-forwarded-proto', 'http'],
      ],
      behindProxy,
    );
    expect(head.all('x-forwarded-for').join(', ')).toBe('198.51.100.7, 127.0.0.1');
    const listed = async (chain: string, where: H2Stand): Promise<number | RawHead> => {
      const path = where.target('listed');
      return send(fieldsOf(path, [['x-forwarded-for', chain]]), path, where);
    };
    expect(await listed('203.0.113.9', behindProxy)).toBe(403);
    expect(await listed('203.0.113.9, 198.51.100.7', behindProxy)).toHaveProperty('target');
    expect(await listed('203.0.113.9', subject)).toHaveProperty('target');
  });

  it('takes Host where there is no :authority, and refuses where both differ (RFC 9113 §8.3.1)', async () => {
    const path = subject.target();
    const bare = fieldsOf(path).filter(([name]) => name !== ':authority');
    const alone = await send([...bare, ['host', 'other.test']], path);
    if (typeof alone === 'number') expect(alone).toBe(400);
    else expect(alone.get('x-forwarded-host')).toBe('other.test');
    const both = subject.target();
    expect(await send(fieldsOf(both, [['host', 'evil.test']]), both)).toBe(400);
    const none = subject.target();
    expect(
      await send(
        fieldsOf(none).filter(([name]) => name !== ':authority'),
        none,
      ),
    ).toBe(400);
  });

  it.each([
    '/ws/a%2Fb',
    '/ws/%41',
    "/ws/it's(a)*!$,;=:@",
    '/ws/a//b///c',
    '/ws/a/',
    '/ws/100%25',
    '/ws/@evil.test',
    '/ws/http://evil.test/x',
  ])('with :path %s brings it to the backend byte for byte (RFC 3986 §2.4, S14)', async (path) => {
    const before = subject.backend.calls.length;
    const client = await subject.raw();
    client.sendHeaders(1, fieldsOf(path), flags);
    await eventually(() => subject.backend.calls.length > before, 'the request reaches the backend');
    expect(subject.backend.calls[before]?.head.target).toBe(path);
  });

  // Attack: CVE-2026-44578: a target that a gateway takes for a URL of its own.
  it.each([
    '//HOST/ws/x',
    '///HOST/ws/x',
    '/\\HOST/ws/x',
    '\\\\HOST/ws/x',
    'http://HOST/ws/x',
    'https://gateway.test@HOST/ws/x',
    '@HOST/ws/x',
    ':80@HOST/ws/x',
    '/ws/../../HOST',
    '/ws/\\..\\admin',
    '/ws/%2e%2e/admin',
    '/ws/..%2fadmin',
    '/ws/.%2E/admin',
    '/ws/..;/admin',
    '/ws/a#@HOST/',
    '/ws/a?x#@HOST/',
    '/ws/%00',
    '/ws/a\tb',
    '/ws/a b',
    '/ws/a\u0000b',
    '/ws/caf\u00e9',
    '/in/../admin',
    '/in/%2e%2e/admin',
    '/in/..%2fadmin',
    '/in/x/../../admin',
  ])('with :path %j asks the backend of its route for nothing else, or is refused (S14)', async (template) => {
    const path = template.replace('HOST', `127.0.0.1:${evil.port}`);
    const { calls } = subject.backend;
    const before = calls.length;
    const client = await subject.raw();
    client.sendHeaders(1, fieldsOf(path), flags);
    let verdict: Verdict | undefined;
    verdictOf(client, 1).then(
      (found) => (verdict = found),
      () => (verdict = {}),
    );
    await eventually(() => calls.length > before || verdict !== undefined, 'it is served or refused');
    const head = calls[before]?.head;
    if (head === undefined) {
      expect(verdict?.status ?? 400).toBeGreaterThanOrEqual(400);
      return;
    }
    expect(head.all('host')).toEqual([`127.0.0.1:${subject.backend.port}`]);
    expect(head.target).toMatch(/^\/(?:ws|public)\//);
    expect(head.target).not.toMatch(/[\s#\\]|\.\.|%2e%2e/i);
  });
});
