import { createSecureContext } from 'node:tls';

import { describe, expect, it, onTestFinished } from 'vitest';

import { type BackendScript, type RawHead, scriptedBackend, TEST_CERTIFICATE } from '@ocelot/test-support';

import { httpCheck } from '../../src/health/http-check.js';
import { ask, targetOf } from './check-target.js';

async function answering(answer: string | BackendScript, tls?: typeof TEST_CERTIFICATE) {
  const script: BackendScript =
    typeof answer === 'string'
      ? async (connection) => {
          await connection.readHead();
          connection.send(answer);
        }
      : answer;
  const backend = await scriptedBackend(script, tls === undefined ? {} : { tls });
  onTestFinished(() => backend.close());
  return backend;
}

describe('httpCheck', () => {
  it('asks with a GET of the path, its own Host and a name, and hangs up at the head of the answer', async () => {
    let asked: RawHead | undefined;
    const backend = await answering(async (opened) => {
      asked = await opened.readHead();
      opened.send('HTTP/1.1 204 No Content\r\n\r\n');
    });
    await expect(ask(httpCheck, targetOf(backend.port), { path: '/health?full=1' })).resolves.toBeUndefined();
    expect(asked).toMatchObject({ method: 'GET', target: '/health?full=1' });
    expect(asked?.get('host')).toBe(`127.0.0.1:${backend.port}`);
    expect(asked?.get('user-agent')).toBe('ocelot-health-check');
    await (
      await backend.connection()
    ).ended;
  });

  it('sends the headers of the file over its own', async () => {
    let asked: RawHead | undefined;
    const { port } = await answering(async (connection) => {
      asked = await connection.readHead();
      connection.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
    await expect(
      ask(httpCheck, targetOf(port), { headers: { host: 'app.example', 'X-Probe': 'yes' } }),
    ).resolves.toBeUndefined();
    expect(asked?.headers.filter(([name]) => /host|x-probe/i.test(name))).toEqual([
      ['host', 'app.example'],
      ['X-Probe', 'yes'],
    ]);
  });

  it('fails with a status that is not expected', async () => {
    const { port } = await answering('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    await expect(ask(httpCheck, targetOf(port))).rejects.toThrow('it answered 503');
    await expect(ask(httpCheck, targetOf(port), { expectedStatus: [{ from: 503, to: 503 }] })).resolves.toBeUndefined();
  });

  it('does not wait for the body', async () => {
    const { port } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin');
    await expect(ask(httpCheck, targetOf(port))).resolves.toBeUndefined();
  });

  it.each([
    ['cuts', (connection) => connection.reset()],
    [
      'hangs up after half a status line',
      async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 2');
        connection.end();
      },
    ],
    [
      'speaks no HTTP',
      async (connection) => {
        await connection.readHead();
        connection.send('220 mail.example ESMTP\r\n');
      },
    ],
    [
      'switches protocols',
      async (connection) => {
        await connection.readHead();
        connection.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      },
    ],
  ] as readonly (readonly [string, BackendScript])[])('fails when the backend %s', async (_, script) => {
    const { port } = await answering(script);
    await expect(ask(httpCheck, targetOf(port))).rejects.toBeInstanceOf(Error);
  });

  it('fails when the backend accepts and never answers', async () => {
    const { port } = await answering(() => {});
    await expect(ask(httpCheck, targetOf(port), { timeoutMs: 100 })).rejects.toThrow('no answer in time');
  });

  it('goes through TLS where the backend has it', async () => {
    const { port } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', TEST_CERTIFICATE);
    const tls = {
      secureContext: createSecureContext({ ca: TEST_CERTIFICATE.cert }),
      serverName: 'localhost',
      rejectUnauthorized: true,
    };
    await expect(ask(httpCheck, targetOf(port, { tls }))).resolves.toBeUndefined();
  });
});
