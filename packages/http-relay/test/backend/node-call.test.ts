import { describe, expect, it } from 'vitest';

import { stands } from '../http-stand.js';

const { backend, gateway, scripted } = stands();

const EXPECTING = 'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';

describe('NodeCall', () => {
  it('passes an expectation on, and the backend’s 100 to the client, before a byte of the body (RFC 9110 §10.1.1)', async () => {
    const started = await scripted();
    const client = await (await gateway([started.port])).client();
    client.send(EXPECTING);
    const connection = await started.connection();
    const head = await connection.readHead();
    expect(head.get('expect')).toBe('100-continue');
    connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    expect((await client.readHead()).status).toBe(100);
    expect(connection.unread.length).toBe(0);
    client.send('hello');
    expect((await connection.readBytes(5)).toString()).toBe('hello');
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    expect((await client.readHead()).status).toBe(200);
  });

  it('passes a refusal in place of the 100, and closes the client’s connection (RFC 9110 §10.1.1)', async () => {
    const refusing = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    });
    const client = await (await gateway([refusing.port])).client();
    client.send(EXPECTING);
    const head = await client.readHead();
    expect([head.status, head.get('connection')]).toEqual([417, 'close']);
  });

  it('refuses without a 100 what the gateway itself refuses', async () => {
    const client = await (await gateway([1], { route: { UpstreamPathTemplate: '/only' } })).client();
    client.send(EXPECTING);
    expect((await client.readHead()).status).toBe(404);
  });

  it('asks for the body itself when the backend says nothing for a second', async () => {
    const silent = await scripted(async (connection) => {
      await connection.readHead();
      await connection.readBytes(5);
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    const client = await (await gateway([silent.port])).client();
    client.send(EXPECTING);
    expect((await client.readHead()).status).toBe(100);
    client.send('hello');
    expect((await client.readHead()).status).toBe(200);
  });

  it('serves a server that answers expectations by itself', async () => {
    const port = await backend((request, response) => request.resume().on('end', () => response.end()));
    const client = await (await gateway([port], { leavesContinue: false })).client();
    client.send(EXPECTING);
    expect((await client.readHead()).status).toBe(100);
    client.send('hello');
    let { status } = await client.readHead();
    if (status === 100) ({ status } = await client.readHead());
    expect(status).toBe(200);
  });

  it('keeps its connections for the next request too', async () => {
    const ports = new Set<number | undefined>();
    const port = await backend((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('ok'));
    });
    const client = await (await gateway([port])).client();
    for (let i = 0; i < 3; i += 1) {
      client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n');
      await client.readBody(await client.readHead());
    }
    expect(ports.size).toBe(1);
  });

  it('passes an answer on before the body is whole, and never uses that connection again', async () => {
    const ports: (number | undefined)[] = [];
    const port = await backend((request, response) => {
      ports.push(request.socket.remotePort);
      response.end('early');
    });
    const stand = await gateway([port]);
    for (let i = 0; i < 2; i += 1) {
      const client = await stand.client();
      client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
      const head = await client.readHead();
      expect(head.status).toBe(200);
      expect((await client.readBody(head)).toString()).toBe('early');
      client.end();
      await client.ended;
    }
    expect(new Set(ports).size).toBe(2);
  });
});
