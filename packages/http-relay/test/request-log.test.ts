import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { stands } from './http-stand.js';

const { gateway, scripted } = stands();

const SECRET = 'open-sesame';
const REQUEST = [
  `GET /a?access_token=${SECRET} HTTP/1.1`,
  'Host: x',
  `Authorization: Bearer ${SECRET}`,
  `Cookie: session=${SECRET}`,
  'Connection: close',
  '\r\n',
].join('\r\n');

describe('credentials of a request stand in no log line', () => {
  it.each([
    ['is answered', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['is redirected', `HTTP/1.1 302 Found\r\nLocation: /b?access_token=${SECRET}\r\nContent-Length: 0\r\n\r\n`],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
    ['is answered by no HTTP', 'SSH-2.0-x\r\n\r\n'],
    ['is answered by nobody', ''],
  ])('of one that %s', async (_what, answer) => {
    const backend = await scripted(async (connection) => {
      await connection.readHead();
      connection.send(answer);
      connection.end();
    });
    const stand = await gateway([backend.port], { route: { HttpHandlerOptions: { AllowAutoRedirect: true } } });
    const client = await stand.client();
    client.send(REQUEST);
    await client.readToEnd();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stand.lines.length).toBeGreaterThan(0);
    expect(inspect(stand.lines, { depth: 9 })).not.toContain(SECRET);
  });
});

describe('the line of a request that was answered', () => {
  it('carries the id of RequestIdKey, by which others know the request', async () => {
    const backend = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const stand = await gateway([backend.port], { route: { RequestIdKey: 'X-Id' } });
    const client = await stand.client();
    client.send('GET /a HTTP/1.1\r\nHost: x\r\nX-Id: page-7\r\nConnection: close\r\n\r\n');
    await client.readToEnd();
    await new Promise((resolve) => setImmediate(resolve));
    const line = stand.lines.find(({ message }) => message === 'request finished');
    expect(line?.fields).toMatchObject({ requestId: 'page-7', exchange: expect.any(String) });
  });
});
