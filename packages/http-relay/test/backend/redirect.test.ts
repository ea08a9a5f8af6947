import type { IncomingMessage } from 'node:http';

import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { backend, gateway } = stands();

const follow = { route: { HttpHandlerOptions: { AllowAutoRedirect: true } } };

/** A backend that redirects `/from` with a status and a location, and says what it gets elsewhere. */
function redirecting(status: number, location: string): Promise<number> {
  return backend((request, response) => {
    request.resume();
    if (request.url?.startsWith('/from') === true) response.writeHead(status, { location }).end('moved');
    else response.end(seen(request));
  });
}

function seen({ method, url, headers }: IncomingMessage): string {
  return JSON.stringify({ method, url, authorization: headers.authorization, cookie: headers.cookie });
}

describe('redirected', () => {
  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'DELETE', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [301, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'GET', 'GET'],
    [300, 'GET', 'GET'],
  ])('follows %i of a %s by %s (.NET: RedirectHandler)', async (status, method, expected) => {
    const port = await redirecting(status, '/to?a=1');
    const client = await (await gateway([port], follow)).client();
    client.send(`${method} /from HTTP/1.1\r\nHost: x\r\nAuthorization: secret\r\nCookie: c=1\r\n\r\n`);
    const head = await client.readHead();
    expect(head.status).toBe(200);
    if (method === 'HEAD') return;
    const body: unknown = JSON.parse((await client.readBody(head)).toString());
    expect(body).toEqual({ method: expected, url: '/to?a=1', cookie: 'c=1' });
  });

  it('leaves cookies behind where the origin is another', async () => {
    const other = await backend((request, response) => response.end(seen(request)));
    const port = await redirecting(302, `http://127.0.0.1:${other}/there`);
    const client = await (await gateway([port], follow)).client();
    client.send('GET /from HTTP/1.1\r\nHost: x\r\nAuthorization: secret\r\nCookie: c=1\r\n\r\n');
    const body: unknown = JSON.parse((await client.readBody(await client.readHead())).toString());
    expect(body).toEqual({ method: 'GET', url: '/there' });
  });

  it.each([
    ['another scheme', 'ftp://h/a'],
    ['no URL', 'http://['],
    ['no port', 'http://127.0.0.1:0/a'],
  ])('hands a redirect to %s to the client', async (_, location) => {
    const port = await redirecting(302, location);
    const client = await (await gateway([port], follow)).client();
    client.send('GET /from HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('location')]).toEqual([302, location]);
  });

  it('hands a redirect that would need the body again to the client', async () => {
    const port = await redirecting(307, '/to');
    const client = await (await gateway([port], follow)).client();
    client.send('POST /from HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello');
    expect((await client.readHead()).status).toBe(307);
  });

  it('follows fifty, and hands the next to the client (.NET: MaxAutomaticRedirections)', async () => {
    let count = 0;
    const port = await backend((_, response) => {
      count += 1;
      response.writeHead(302, { location: `/from/${count}` }).end();
    });
    const client = await (await gateway([port], follow)).client();
    client.send('GET /from HTTP/1.1\r\nHost: x\r\n\r\n');
    const head = await client.readHead();
    expect([head.status, head.get('location'), count]).toEqual([302, '/from/51', 51]);
  });
});
