import { GatewayError, type Plugin, type Session } from '@ocelot/core';
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

  describe('is a session to those who wait for one', () => {
    /** A stage that is told of each session when it opens. */
    const opening = (told: (session: Session) => void): Plugin => ({
      name: 'opening',
      setup: (registry) =>
        registry.stage({ name: 'opening', phase: 'transform', forRoute: () => (exchange) => exchange.onOpen(told) }),
    });
    const expired = new GatewayError('OCELOT_ERR_TOKEN_EXPIRED');

    it('with live counts; an error of the catalogue breaks it off, and its summary has the code (S27)', async () => {
      const backend = await streaming();
      const sessions: Session[] = [];
      const stand = await gateway([backend.port], { plugins: [opening((session) => sessions.push(session))] });
      const client = await stand.client();
      client.send(GET);
      await client.readHead();
      await client.readBytes(14);
      const [session] = sessions;
      expect(session?.fromBackend).toEqual({ bytes: 9, messages: 0 });
      session?.close(expired);
      await client.closed;
      expect(await session?.closed).toMatchObject({
        closedBy: 'gateway',
        errorCode: 'OCELOT_ERR_TOKEN_EXPIRED',
        fromBackend: { bytes: 9, messages: 0 },
      });
      expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_TOKEN_EXPIRED');
      await (
        await backend.connection()
      ).ended;
    });

    it('who may end it before its first byte', async () => {
      const backend = await streaming();
      const stand = await gateway([backend.port], { plugins: [opening((session) => session.close(expired))] });
      const client = await stand.client();
      client.send(GET);
      await client.closed;
      expect(client.unread.toString()).not.toContain('data: 1');
      expect((await stand.event('request.finished')).errorCode).toBe('OCELOT_ERR_TOKEN_EXPIRED');
      expect(stand.gateway.openSessions).toBe(0);
    });

    it('who hear of no answer that is none', async () => {
      const backend = await scripted(async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok');
      });
      let count = 0;
      const stand = await gateway([backend.port], { plugins: [opening(() => (count += 1))] });
      const client = await stand.client();
      client.send(GET);
      await client.readBody(await client.readHead());
      await stand.event('request.finished');
      expect(count).toBe(0);
    });
  });
});
