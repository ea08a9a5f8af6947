import { createSecureContext } from 'node:tls';

import { describe, expect, it, onTestFinished } from 'vitest';

import {
  type BackendScript,
  decodeFrames,
  echoBackend,
  type EchoBackendOptions,
  eventually,
  OPCODE,
  scriptedBackend,
  TEST_CERTIFICATE,
} from '@ocelot/test-support';

import { websocketCheck } from '../../src/health/websocket-check.js';
import { ask, targetOf } from './check-target.js';

async function echo(options: EchoBackendOptions = {}) {
  const backend = await echoBackend(options);
  onTestFinished(() => backend.close());
  return backend;
}

async function scripted(script: BackendScript) {
  const backend = await scriptedBackend(script);
  onTestFinished(() => backend.close());
  return backend;
}

describe('websocketCheck', () => {
  it('shakes hands, pings, waits for the pong and closes with 1000 (RFC 6455 §5.5.2, §7.4.1)', async () => {
    const codes: number[] = [];
    let pings = 0;
    const { port, requests } = await echo({
      connected: (socket) => socket.on('ping', () => (pings += 1)).on('close', (code) => codes.push(code)),
    });
    await expect(
      ask(websocketCheck, targetOf(port), { path: '/ws?check', headers: { 'X-Probe': 'yes' } }),
    ).resolves.toBeUndefined();
    expect(requests[0]).toMatchObject({ url: '/ws?check', headers: { 'x-probe': 'yes', host: `127.0.0.1:${port}` } });
    await eventually(() => (codes.length === 1 ? true : undefined), 'the backend sees the Close frame');
    expect([pings, codes]).toEqual([1, [1000]]);
  });

  it('offers its subprotocol, and fails when the backend does not agree to it', async () => {
    const agreeing = await echo({ handleProtocols: (offered) => [...offered][0] ?? false });
    await expect(ask(websocketCheck, targetOf(agreeing.port), { subprotocol: 'chat.v2' })).resolves.toBeUndefined();
    const refusing = await echo({ handleProtocols: () => false });
    await expect(ask(websocketCheck, targetOf(refusing.port), { subprotocol: 'chat.v2' })).rejects.toThrow(
      'Server sent no subprotocol',
    );
  });

  it('fails when the backend refuses', async () => {
    const { port } = await scripted(async (connection) => {
      await connection.readHead();
      connection.send('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    });
    await expect(ask(websocketCheck, targetOf(port))).rejects.toThrow('503');
  });

  it('fails when the backend is gone', async () => {
    const gone = await scriptedBackend();
    await gone.close();
    await expect(ask(websocketCheck, targetOf(gone.port))).rejects.toThrow('ECONNREFUSED');
  });

  it('fails when the backend cuts the connection', async () => {
    const { port } = await scripted((connection) => connection.reset());
    await expect(ask(websocketCheck, targetOf(port))).rejects.toBeInstanceOf(Error);
  });

  it('fails when the backend takes too long for its 101', async () => {
    const { port } = await scripted(() => {});
    await expect(ask(websocketCheck, targetOf(port), { timeoutMs: 100 })).rejects.toThrow('no handshake in time');
  });

  it('fails when the socket stands and no pong comes: the process behind it hangs', async () => {
    const { port } = await scripted(async (connection) => void (await connection.accept()));
    await expect(ask(websocketCheck, targetOf(port), { timeoutMs: 1000 })).rejects.toThrow('no pong in time');
  });

  it('passes after the pong though the backend does not answer the Close frame', async () => {
    const { port } = await scripted(async (connection) => {
      await connection.accept();
      const [ping] = decodeFrames(await connection.readBytes(6)).frames;
      if (ping?.opcode === OPCODE.ping) connection.sendFrame({ opcode: OPCODE.pong });
    });
    await expect(ask(websocketCheck, targetOf(port), { timeoutMs: 1000 })).resolves.toBeUndefined();
  });

  it('goes through TLS where the backend has it', async () => {
    const { port } = await echo({ tls: TEST_CERTIFICATE });
    const tls = {
      secureContext: createSecureContext({ ca: TEST_CERTIFICATE.cert }),
      serverName: 'localhost',
      rejectUnauthorized: true,
    };
    await expect(ask(websocketCheck, targetOf(port, { tls }))).resolves.toBeUndefined();
  });
});
