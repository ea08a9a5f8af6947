import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  eventually,
  type BackendScript,
  type LeakWatch,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

/** A client of a gateway whose backend answers the handshake with the given bytes. */
async function answered(script: BackendScript | string, reset = false) {
  backend = await scriptedBackend(async (connection, index) => {
    await connection.readHead();
    if (typeof script !== 'string') {
      await script(connection, index);
      return;
    }
    connection.send(script);
    if (reset) connection.reset();
    else connection.end();
  });
  stand = await gatewayStand([backend.port]);
  const client = await stand.client();
  return { client, head: await client.upgrade() };
}

beforeEach(() => {
  leaks = collectLeaks();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe("a backend's refusal reaches the client as it is, then the connection ends", () => {
  it('401 with WWW-Authenticate, cookies and a body', async () => {
    const { client, head } = await answered(
      'HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Basic realm="x"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n' +
        'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\nlogin',
    );
    expect(head.line).toBe('HTTP/1.1 401 Who are you');
    expect(head.get('www-authenticate')).toBe('Basic realm="x"');
    expect(head.all('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(head.get('connection')).toBe('close');
    for (const name of ['x-hop', 'keep-alive']) expect(head.get(name)).toBeUndefined();
    expect((await client.readBody(head)).toString()).toBe('login');
    await client.ended;
    expect(await stand.event('upgrade.refused')).toMatchObject({ status: 401, errorCode: undefined });
    expect((await stand.line('backend refused the upgrade')).fields).toMatchObject({ status: 401, whole: true });
  });

  it('a redirect without a body', async () => {
    const { client, head } = await answered('HTTP/1.1 302 Found\r\nLocation: /login?x=1\r\nContent-Length: 0\r\n\r\n');
    expect([head.status, head.get('location')]).toEqual([302, '/login?x=1']);
    expect(await client.readBody(head)).toHaveLength(0);
    await client.ended;
  });

  it('a chunked body, as valid chunks without extensions and trailer (RFC 9112 §7.1)', async () => {
    const { client, head } = await answered(
      'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nbusy\r\nA\r\n, so busy!\r\n0\r\nX-T: 1\r\n\r\n',
    );
    expect(head.all('transfer-encoding')).toEqual(['chunked']);
    expect((await client.readBody(head)).toString()).toBe('busy, so busy!');
    expect((await client.readToEnd()).toString()).toBe('');
  });

  it('a body that ends with the connection, framed as chunks so that its end can be trusted', async () => {
    const { client, head } = await answered('HTTP/1.0 404 Not Found\r\n\r\nnothing here');
    expect(head.get('transfer-encoding')).toBe('chunked');
    expect((await client.readBody(head)).toString()).toBe('nothing here');
  });

  it('200 to an upgrade: no tunnel', async () => {
    const { client, head } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(head.status).toBe(200);
    expect((await client.readBody(head)).toString()).toBe('ok');
    client.send('GET /second HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
    await client.ended;
    expect(backend.connections).toHaveLength(1);
  });

  it('426 keeps the protocol it asks for (RFC 9110 §15.5.22)', async () => {
    const { head } = await answered('HTTP/1.1 426 Upgrade Required\r\nUpgrade: mqtt\r\nContent-Length: 0\r\n\r\n');
    expect([head.get('upgrade'), head.get('connection')]).toEqual(['mqtt', 'close, Upgrade']);
  });

  it('204 without a body', async () => {
    const { client, head } = await answered('HTTP/1.1 204 No Content\r\n\r\n');
    expect(head.status).toBe(204);
    expect((await client.readToEnd()).toString()).toBe('');
  });

  it('a large body to a slow client, with bounded memory', async () => {
    const size = 24 * 1024 * 1024;
    const { client, head } = await answered(async (connection) => {
      connection.send(`HTTP/1.1 500 Oops\r\nContent-Length: ${size}\r\n\r\n`);
      connection.send(Buffer.alloc(size, 'x'));
      await connection.ended;
    });
    client.pause();
    const sender = (await backend.connection()).socket;
    await eventually(() => sender.writableLength > 1024 * 1024, 'the backend is held back');
    client.resume();
    expect(await client.readBody(head)).toHaveLength(size);
  });
});

describe('a body that breaks off does not look complete', () => {
  it('with Content-Length: fewer bytes come', async () => {
    const { client, head } = await answered('HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\nhalf');
    await expect(client.readBody(head)).rejects.toThrow(/ended/);
    expect((await stand.line('backend refused the upgrade')).fields).toMatchObject({ whole: false });
  });

  it('with chunks: the last chunk is missing', async () => {
    const { client, head } = await answered('HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nhalf');
    await expect(client.readBody(head)).rejects.toThrow(/ended/);
  });

  it('until the end of the connection: RST is no end', async () => {
    const { client, head } = await answered(async (connection) => {
      connection.send('HTTP/1.1 500 Oops\r\n\r\nhalf');
      await new Promise((resolve) => setTimeout(resolve, 30));
      connection.reset();
    });
    await expect(client.readBody(head)).rejects.toThrow(/ended/);
  });
});

describe('an answer with ambiguous framing is refused with 502 (RFC 9112 §6.3)', () => {
  it.each([
    ['both lengths', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n'],
    ['a list of lengths', 'Content-Length: 2, 2\r\n'],
    ['a signed length', 'Content-Length: +2\r\n'],
    ['another transfer coding', 'Transfer-Encoding: gzip, chunked\r\n'],
  ])('%s', async (_, lines) => {
    const { head } = await answered(`HTTP/1.1 404 Not Found\r\n${lines}\r\nok`);
    expect(head.status).toBe(502);
  });
});
