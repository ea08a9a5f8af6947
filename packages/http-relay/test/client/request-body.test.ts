import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { backend, gateway, scripted } = stands();

const settings = { MaxRequestBodyBytes: 10 };

describe('RequestBody', () => {
  it('is refused with 413 by its length, before a backend is asked (Gateway.MaxRequestBodyBytes)', async () => {
    const started = await scripted();
    const stand = await gateway([started.port], { settings });
    const client = await stand.client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('connection')]).toEqual([413, 'close']);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BODY_TOO_BIG');
    expect(started.connections).toHaveLength(0);
  });

  it('is refused with 413 as soon as it is longer than allowed, and never looks whole to the backend', async () => {
    const started = await scripted();
    const stand = await gateway([started.port], { settings });
    const client = await stand.client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('connection')]).toEqual([413, 'close']);
    expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_BODY_TOO_BIG');
    for (const connection of started.connections) {
      await connection.ended;
      expect(connection.unread.toString()).not.toContain('0\r\n\r\n');
    }
  });

  it('passes when it is as long as allowed', async () => {
    const port = await backend((request, response) => request.pipe(response));
    const client = await (await gateway([port], { settings })).client();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1234567890');
    expect((await client.readBody(await client.readHead())).toString()).toBe('1234567890');
  });

  it('passes large and unhurried, with a length and without, unchanged', async () => {
    const port = await backend((request, response) => request.pipe(response));
    const stand = await gateway([port]);
    const content = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
    for (const chunked of [false, true]) {
      const client = await stand.client();
      const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${content.length}`;
      client.send(`POST / HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
      for (let at = 0; at < content.length; at += 100_000) {
        const piece = content.subarray(at, at + 100_000);
        if (chunked) client.send(`${piece.length.toString(16)}\r\n`);
        client.send(piece);
        if (chunked) client.send('\r\n');
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      if (chunked) client.send('0\r\n\r\n');
      expect((await client.readBody(await client.readHead())).equals(content)).toBe(true);
    }
  });
});
