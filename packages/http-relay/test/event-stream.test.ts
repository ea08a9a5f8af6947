import { describe, expect, it } from 'vitest';

import { isEventStream } from '../src/event-stream.js';
import { stands } from './http-stand.js';

const { gateway, scripted } = stands();

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n';

/** A backend that opens an event stream and sends one event. */
const streaming = () =>
  scripted(async (connection) => {
    await connection.readHead();
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    connection.send('9\r\ndata: 1\n\n\r\n');
  });

describe('isEventStream', () => {
  it.each([
    ['text/event-stream', true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['text/event-stream-like', false],
    ['application/json', false],
  ])('reads %s', (type, expected) => {
    expect(isEventStream(['content-type', type])).toBe(expected);
    expect(isEventStream([])).toBe(false);
  });
});

describe('EventStream', () => {
  it('is counted as an open session until it ends', async () => {
    const backend = await streaming();
    const stand = await gateway([backend.port]);
    const client = await stand.client();
    client.send(GET);
    await client.readHead();
    await client.readBytes(14);
    expect(stand.gateway.openSessions).toBe(1);
    (await backend.connection()).send('0\r\n\r\n');
    await stand.event('request.finished');
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(stand.gateway.openSessions).toBe(0);
  });

  it('ends as a whole answer when the gateway drains, so that its client connects again', async () => {
    const backend = await streaming();
    const stand = await gateway([backend.port]);
    const client = await stand.client();
    client.send(GET);
    await client.readHead();
    await client.readBytes(14);
    const report = await stand.gateway.drain({ deadlineMs: 5_000, spreadMs: 0 });
    expect((await client.readBytes(5)).toString()).toBe('0\r\n\r\n');
    expect(report).toMatchObject({ clean: 1, killed: 0 });
    expect((await stand.event('request.finished')).errorCode).toBeUndefined();
    await (
      await backend.connection()
    ).ended;
  });

  it('lets its client leave', async () => {
    const backend = await streaming();
    const stand = await gateway([backend.port]);
    const client = await stand.client();
    client.send(GET);
    await client.readHead();
    await client.readBytes(14);
    client.reset();
    await (
      await backend.connection()
    ).ended;
    expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
    expect(stand.gateway.openSessions).toBe(0);
  });

  it('ends when nothing comes for longer than the route allows (Gateway.IdleTimeoutMs)', async () => {
    const backend = await streaming();
    const stand = await gateway([backend.port], { settings: { IdleTimeoutMs: 80 } });
    const client = await stand.client();
    client.send(GET);
    await client.readHead();
    await client.ended;
    expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_IDLE_TIMEOUT');
    await (
      await backend.connection()
    ).ended;
  });
});
