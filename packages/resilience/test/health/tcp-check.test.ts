import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';

import { describe, expect, it, onTestFinished } from 'vitest';

import { createEndpoint } from '@ocelot/core';
import { echoBackend, scriptedBackend, TEST_CERTIFICATE, type ScriptedBackend } from '@ocelot/test-support';

import { tcpCheck } from '../../src/health/tcp-check.js';
import { ask, targetOf } from './check-target.js';

const TRUSTED = {
  secureContext: createSecureContext({ ca: TEST_CERTIFICATE.cert }),
  serverName: 'localhost',
  rejectUnauthorized: true,
};

async function backend(...args: Parameters<typeof scriptedBackend>): Promise<ScriptedBackend> {
  const made = await scriptedBackend(...args);
  onTestFinished(() => made.close());
  return made;
}

describe('tcpCheck', () => {
  it('passes when something listens, and hangs up', async () => {
    const listening = await backend();
    await expect(ask(tcpCheck, targetOf(listening.port))).resolves.toBeUndefined();
    const connection = await listening.connection();
    await connection.ended;
  });

  it('fails when nothing listens', async () => {
    const gone = await scriptedBackend();
    await gone.close();
    await expect(ask(tcpCheck, targetOf(gone.port))).rejects.toThrow('ECONNREFUSED');
  });

  it('passes on a Unix-domain socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'check-'));
    const server = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
    await new Promise<void>((resolve) => server.listen(join(folder, 'app.sock'), resolve));
    onTestFinished(async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    });
    const endpoint = createEndpoint({ host: `unix:${join(folder, 'app.sock')}`, port: 0 });
    await expect(ask(tcpCheck, targetOf(0, { endpoint }))).resolves.toBeUndefined();
  });

  it('makes the TLS handshake where the backend has TLS, and knows its certificate', async () => {
    const { port, ...echo } = await echoBackend({ tls: TEST_CERTIFICATE });
    onTestFinished(() => echo.close());
    await expect(ask(tcpCheck, targetOf(port, { tls: TRUSTED }))).resolves.toBeUndefined();
    const strange = { ...TRUSTED, secureContext: undefined };
    await expect(ask(tcpCheck, targetOf(port, { tls: strange }))).rejects.toThrow(/self-signed|certificate/i);
  });

  it('fails when a backend that is to have TLS accepts and stays silent', async () => {
    const { port } = await backend();
    await expect(ask(tcpCheck, targetOf(port, { tls: TRUSTED }), { timeoutMs: 100 })).rejects.toThrow(
      'no connection in time',
    );
  });

  it('fails when a backend that is to have TLS hangs up', async () => {
    const { port } = await backend((connection) => connection.end());
    await expect(ask(tcpCheck, targetOf(port, { tls: TRUSTED }))).rejects.toBeInstanceOf(Error);
  });
});
