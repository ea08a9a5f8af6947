// Situation: a route passes the rest of the path on to one backend; another server listens nearby.
// Action: clients ask for targets that a careless parser changes or follows elsewhere.
// Expected: the bytes of the target arrive as they were sent or are refused, and nobody else is ever asked.
import { scriptedBackend, upgradeHead, type RawHead, type ScriptedBackend } from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { route, stand } from './stand.js';

let evil: ScriptedBackend;

const subject = stand(async (port) => {
  evil = await scriptedBackend();
  return {
    Routes: [
      route('/ws/{everything}', port),
      route('/fixed', port),
      { ...route('/in/{everything}', port), DownstreamPathTemplate: '/public/{everything}' },
      { ...route('/item/{id}', port), DownstreamPathTemplate: '/items/{id}/live' },
    ],
  };
});

afterAll(async () => {
  expect(evil.connections).toHaveLength(0);
  await evil.close();
});

/** What the next request to the backend was, or how the client was refused. */
async function ask(target: string): Promise<{ readonly seen: RawHead | undefined; readonly status: number }> {
  const before = subject.backend.calls.length;
  const client = await subject.connect();
  client.send(Buffer.from(upgradeHead({ target }), 'latin1'));
  const reached = async (): Promise<{ seen: RawHead | undefined; status: number }> => {
    const connection = subject.backend.calls;
    while (connection.length === before) {
      if (client.isClosed || client.unread.length > 0)
        return { seen: undefined, status: (await client.readHead()).status };
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return { seen: connection[before]?.head, status: 101 };
  };
  return reached();
}

describe('the target of a request', () => {
  it.each([
    '/ws/a%2Fb',
    '/ws/a%2fb',
    '/ws/%C3%A9%20x',
    '/ws/%41',
    '/ws/a+b',
    "/ws/it's(a)*!$,;=:@",
    '/ws/~user/-_.',
    '/ws/a//b///c',
    '/ws/a/',
    '/ws/a;v=1/b',
    '/ws/100%25',
    '/ws/%7Etilde',
    '/ws/{everything}',
  ])('%s reaches the backend byte for byte (RFC 3986 §2.4)', async (target) => {
    expect((await ask(target)).seen?.target).toBe(target);
  });

  it.each(['/ws/%', '/ws/%zz', '/ws/a%', '/ws/%00', '/ws/a%00b', '/ws/a%0d%0aX-Evil:%201', '/ws/caf\u00e9'])(
    '%s reaches the backend byte for byte or is refused',
    async (target) => {
      const { seen, status } = await ask(target);
      if (seen === undefined) expect(status).toBeGreaterThanOrEqual(400);
      else {
        expect(decodeURI(encodeURI(seen.target))).toBe(target);
        expect(seen.get('x-evil')).toBeUndefined();
      }
    },
  );

  it.each([
    '/ws/../admin',
    '/ws/a/../../admin',
    '/ws/./a/.',
    '/ws/%2e%2e/admin',
    '/ws/%2E%2E%2Fadmin',
    '/ws/.%2e/admin',
    '/ws/..%2fadmin',
    '/ws/..;/admin',
    '/ws/..\\admin',
    '/ws/%5c..%5cadmin',
  ])('%s is never another path than the route was matched with (RFC 3986 §5.2.4)', async (target) => {
    const { seen, status } = await ask(target);
    if (seen === undefined) expect(status).toBeGreaterThanOrEqual(400);
    else expect(seen.target.startsWith('/ws/')).toBe(true);
  });

  it.each([
    '/in/../admin',
    '/in/%2e%2e/admin',
    '/in/..%2fadmin',
    '/in/.%2E/admin',
    '/in/x/../../admin',
    '/in/..\\admin',
  ])('%s does not climb out of the path that the route adds', async (target) => {
    const { seen, status } = await ask(target);
    if (seen === undefined) expect(status).toBeGreaterThanOrEqual(400);
    else {
      // A backend that resolves dot segments itself must stay under /public as well.
      const resolved = new URL(seen.target.replaceAll('\\', '/').replaceAll(/%2f/gi, '/'), 'http://b').pathname;
      expect(resolved.startsWith('/public/'), `for ${seen.target}`).toBe(true);
    }
  });

  const QUERIES = [
    'b=c&b=d&e',
    'x=%20+%2B&y=%26',
    'url=http://evil.test/../x',
    'q=a/../b//c',
    'q=[1]{2}|^',
    'q="<x>`',
    'a?b??c',
    '=&=&',
    '%00',
    'sig=a%2Fb%3D%3d&t=%7e~',
  ];
  it.each(QUERIES)('has the query %s, which passes byte for byte where the route has no placeholder', async (query) => {
    expect((await ask(`/fixed?${query}`)).seen?.target).toBe(`/fixed?${query}`);
  });

  // Ocelot writes the query anew where placeholders were filled: other bytes, the same parameters.
  it.each(QUERIES)('has the query %s, which keeps its meaning where the route has placeholders', async (query) => {
    const seen = (await ask(`/ws/a?${query}`)).seen?.target ?? '';
    expect(seen.slice(0, 6)).toBe('/ws/a?');
    expect([...new URLSearchParams(seen.slice(6))]).toEqual([...new URLSearchParams(query)]);
  });

  it('may end in a lone question mark', async () => {
    for (const path of ['/fixed', '/ws/a']) expect([path, `${path}?`]).toContain((await ask(`${path}?`)).seen?.target);
  });

  it('keeps an encoded slash within its placeholder', async () => {
    expect((await ask('/item/a%2Fb')).seen?.target).toBe('/items/a%2Fb/live');
  });

  it('of 50 KB passes whole, one of 200 KB is answered with 414 or 431', async () => {
    const long = `/ws/${'x'.repeat(50_000)}`;
    expect((await ask(long)).seen?.target).toBe(long);
    expect([414, 431]).toContain((await ask(`/ws/${'x'.repeat(200_000)}`)).status);
  });
});

describe('a target that names another host', () => {
  const hosts = (): readonly string[] => {
    const there = `127.0.0.1:${evil.port}`;
    return [
      `//${there}/ws/x`,
      `///${there}/ws/x`,
      `/ws//${there}/x`,
      `/\\${there}/ws/x`,
      `/ws/@${there}/x`,
      `/ws/x@${there}`,
      `@${there}/ws/x`,
      `/ws/..//${there}/`,
      `/ws/http://${there}/`,
      `/ws/%2f%2f${there}`,
      `/ws/#@${there}/`,
      `http://${there}/ws/x`,
      `https://${there}/ws/x`,
      `ws://${there}/ws/x`,
      `HTTP://${there}/ws/x`,
      `http://user:pass@${there}/ws/x`,
      `http:${there}/ws/x`,
      `http:/${there}/ws/x`,
      `http:\\\\${there}\\ws\\x`,
      there,
      `${there}/ws/x`,
      `/ws/x\t@${there}`,
      `/ws/x @${there}`,
    ];
  };
  // Attack: CVE-2026-44578 (absolute form on the WebSocket path), and its relatives.
  it("is answered by the route's own backend or refused, never taken at its word", async () => {
    for (const target of hosts()) {
      const { seen, status } = await ask(target);
      if (seen === undefined) expect(status, `for ${target}`).toBeGreaterThanOrEqual(400);
      else {
        expect(seen.all('host'), `for ${target}`).toEqual([`127.0.0.1:${subject.backend.port}`]);
        expect(seen.target, `origin-form (RFC 9112 §3.2.1) of ${target}`).toMatch(/^\/[^/]/);
      }
    }
    expect(evil.connections).toHaveLength(0);
  });

  it('in absolute form is understood as its path (RFC 9112 §3.2.2)', async () => {
    const { seen, status } = await ask('http://gateway.test/ws/absolute?a=1');
    // A server must accept the form; one that refuses it is at least safe.
    if (seen === undefined) expect(status).toBe(400);
    else expect(seen.target).toBe('/ws/absolute?a=1');
  });

  it.each(['*', 'ws/x', '?x', '#', '', '/ws/x#fragment'])('%j is no target of a handshake', async (target) => {
    const { seen, status } = await ask(target);
    if (seen === undefined) expect(status).toBeGreaterThanOrEqual(400);
    else expect(seen.target).not.toContain('#');
  });

  it('of CONNECT is refused (RFC 9110 §9.3.6)', async () => {
    const client = await subject.connect();
    client.send(`CONNECT 127.0.0.1:${evil.port} HTTP/1.1\r\nHost: 127.0.0.1:${evil.port}\r\n\r\n`);
    const head = await client.readHead();
    expect(head.status).toBeGreaterThanOrEqual(400);
    await client.ended;
  });
});
