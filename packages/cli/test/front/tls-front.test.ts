import { once } from 'node:events';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket } from 'node:tls';

import { TestAuthority, eventually } from '@ocelot/test-support';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import { rawConnection } from '../raw-connection.js';
import { authority, http2Session, secureGateway, tlsConnection, writePair } from './secure-gateway.js';

/** Sends one plain request and gives back the first bytes of its answer, or why there is none. */
async function ask(socket: TLSSocket): Promise<string> {
  socket.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  return Promise.race([
    once(socket, 'data').then(([bytes]: Buffer[]) => String(bytes)),
    once(socket, 'close').then(() => 'closed'),
  ]).catch((error: NodeJS.ErrnoException) => String(error.code));
}

async function webSocket(port: number, options: ConnectionOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`wss://127.0.0.1:${port}/echo`, { ca: authority.cert, ...options });
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  socket.send(text);
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data.toString();
}

describe('TLS with clients', () => {
  it('tells an https address and what it serves', async () => {
    const { open, port, log } = await secureGateway();
    expect(open.url).toBe(`https://127.0.0.1:${port}`);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        message: 'TLS with clients',
        fields: expect.objectContaining({ certificates: [expect.objectContaining({ names: ['localhost'] })] }),
      }),
    );
  });

  it('relays a WebSocket over TLS and tells the backend that it was wss', async () => {
    const { port, backend } = await secureGateway();
    const socket = await webSocket(port);
    expect(await echo(socket, 'hello')).toBe('hello');
    expect(backend.requests[0]?.headers).toMatchObject({ 'x-forwarded-proto': 'https' });
  });

  it('serves HTTP/1.1 to who offers it, and to who offers no protocol (RFC 7301 §3.2)', async () => {
    const { port } = await secureGateway();
    expect(await ask(await tlsConnection(port, { ALPNProtocols: ['http/1.1'] }))).toMatch(/^HTTP\/1\.1 404 /);
    expect(await ask(await tlsConnection(port))).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('chooses HTTP/2 where it is offered, and with Http2 false HTTP/1.1', async () => {
    const offer = { ALPNProtocols: ['h2', 'http/1.1'] };
    const { port } = await secureGateway();
    expect((await tlsConnection(port, offer)).alpnProtocol).toBe('h2');
    const without = await secureGateway({ gateway: { Http2: false } });
    expect((await tlsConnection(without.port, offer)).alpnProtocol).toBe('http/1.1');
  });

  it('refuses with an alert who offers only what is not spoken (RFC 7301 §3.2)', async () => {
    const { port } = await secureGateway();
    await expect(tlsConnection(port, { ALPNProtocols: ['spdy/3'] })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
  });

  it('refuses versions below MinVersion', async () => {
    const { port } = await secureGateway({ prepare: async () => ({ MinVersion: 'TLSv1.3' }) });
    await expect(tlsConnection(port, { maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    expect((await tlsConnection(port)).getProtocol()).toBe('TLSv1.3');
  });

  it('closes a connection that says nothing within HeadersTimeoutMs (S9)', async () => {
    const { port, log } = await secureGateway({ gateway: { HeadersTimeoutMs: 100 } });
    const socket = await rawConnection(port);
    socket.resume().on('error', () => undefined);
    await once(socket, 'close');
    expect(log.lines.find(({ message }) => message === 'TLS handshake failed')).toMatchObject({
      level: 'debug',
      fields: { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' },
    });
  });

  it('gives no more time to who sends its handshake byte by byte (S9)', async () => {
    const { port } = await secureGateway({ gateway: { HeadersTimeoutMs: 150 } });
    const socket = await rawConnection(port);
    socket.resume().on('error', () => undefined);
    const begin = performance.now();
    // The beginning of a ClientHello of 512 bytes.
    const hello = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(501)]);
    let sent = 0;
    const drip = setInterval(() => socket.write(hello.subarray(sent, (sent += 1))), 20);
    onTestFinished(() => clearInterval(drip));
    // A byte that meets the closed connection is answered by a reset: `once` would throw it.
    await new Promise((resolve) => {
      socket.once('close', resolve);
    });
    expect(performance.now() - begin).toBeLessThan(5_000);
  });

  it('closes a connection that speaks plain HTTP, and tells nobody but who debugs', async () => {
    const { port, log } = await secureGateway();
    const socket = await rawConnection(port);
    socket.resume().on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'close');
    expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('goes on when a client resets its connection in the middle of the handshake', async () => {
    const { port } = await secureGateway();
    const socket = await rawConnection(port);
    socket.write(Buffer.from('160301', 'hex'));
    socket.resetAndDestroy();
    expect(await ask(await tlsConnection(port))).toMatch(/ 404 /);
  });

  it('resets who comes beyond MaxPendingHandshakes: an answer could not be read', async () => {
    const { port } = await secureGateway({ gateway: { MaxPendingHandshakes: 1 } });
    await rawConnection(port);
    await expect(tlsConnection(port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('resumes a session by its ticket (RFC 8446 §2.2)', async () => {
    const { port } = await secureGateway();
    const first = await tlsConnection(port, { maxVersion: 'TLSv1.2' });
    const again = await tlsConnection(port, { maxVersion: 'TLSv1.2', session: first.getSession() });
    expect(again.isSessionReused()).toBe(true);
  });
});

describe('a reload', () => {
  it('that takes TLS away says that a restart is needed, and TLS stays', async () => {
    const { port, open, config, log } = await secureGateway();
    await open.reload(config({}, { CertFile: '', KeyFile: '' }));
    expect(log.lines.find(({ level }) => level === 'warn')?.message).toContain('takes effect at the next start');
    expect(await ask(await tlsConnection(port))).toMatch(/ 404 /);
  });

  it('that finds the files as they were tells nobody of certificates', async () => {
    const { open, config, log } = await secureGateway();
    await open.reload(config());
    expect(log.lines.some(({ message }) => message === 'certificates renewed')).toBe(false);
  });

  it('takes other settings of TLS from the next connection on', async () => {
    const { port, open, config } = await secureGateway();
    await open.reload(config({ Http2: false }, { MinVersion: 'TLSv1.3' }));
    const socket = await tlsConnection(port, { ALPNProtocols: ['h2', 'http/1.1'] });
    expect([socket.alpnProtocol, socket.getProtocol()]).toEqual(['http/1.1', 'TLSv1.3']);
    await expect(tlsConnection(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/);
  });
});

describe('Tls.Certificates', () => {
  const several = {
    prepare: async (folder: string) => {
      await writePair(folder, 'api', authority.issue({ names: ['api.example.com'] }));
      await writePair(folder, 'any', authority.issue({ names: ['*.example.com'], commonName: 'any' }));
      return {
        Certificates: ['any', 'api'].map((name) => ({
          CertFile: join(folder, `${name}.crt`),
          KeyFile: join(folder, `${name}.key`),
        })),
      };
    },
  };

  it.each([
    ['api.example.com', 'api.example.com'],
    ['API.example.com', 'api.example.com'],
    ['chat.example.com', 'any'],
    ['a.b.example.com', 'localhost'],
    ['example.com', 'localhost'],
    ['unknown.test', 'localhost'],
  ])('shows who asks for %s the certificate of %s (RFC 6066 §3)', async (servername, shown) => {
    const { port } = await secureGateway(several);
    const socket = await tlsConnection(port, { servername, checkServerIdentity: () => undefined });
    expect(socket.getPeerCertificate().subject.CN).toBe(shown);
  });

  it('shows who asks for no name the first one', async () => {
    const { port } = await secureGateway(several);
    const socket = await tlsConnection(port, { servername: '' });
    expect(socket.getPeerCertificate().subject.CN).toBe('localhost');
  });
});

describe('renewed certificates', () => {
  const shown = async (port: number): Promise<string | undefined> =>
    (await tlsConnection(port)).getPeerCertificate().fingerprint256;

  it('are shown to new connections, while an open socket stays', async () => {
    const { port, folder, log } = await secureGateway();
    const socket = await webSocket(port);
    const before = await shown(port);
    await writePair(folder, 'first', authority.issue({ names: ['localhost', '127.0.0.1'] }));
    await eventually(async () => (await shown(port)) !== before, 'the new certificate is shown');
    expect(await echo(socket, 'still here')).toBe('still here');
    expect(log.lines.some(({ message }) => message === 'certificates renewed')).toBe(true);
  });

  it('that cannot be used change nothing, and the log says so once', async () => {
    const { port, folder, log } = await secureGateway();
    const before = await shown(port);
    await writePair(folder, 'first', { cert: 'nothing', key: 'nothing' });
    const errors = () => log.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    await eventually(() => errors().length > 0, 'the failure is told');
    expect(errors()[0]).toContain('holds no certificate in PEM form');
    expect(await shown(port)).toBe(before);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(errors()).toHaveLength(1);
  });

  it('are read by a reload as well, which is refused when they cannot be used', async () => {
    const { port, folder, open, config } = await secureGateway();
    const before = await shown(port);
    await writePair(folder, 'second', authority.issue({ names: ['localhost'] }));
    const second = { CertFile: join(folder, 'second.crt'), KeyFile: join(folder, 'second.key') };
    await open.reload(config({}, second));
    const after = await shown(port);
    expect(after).not.toBe(before);

    const missing = open.reload(config({}, { CertFile: join(folder, 'none.crt') }));
    await expect(missing).rejects.toThrow('none.crt cannot be read: it does not exist (ENOENT)');
    expect(await shown(port)).toBe(after);
  });

  it('begin with other session tickets: nobody resumes what was agreed under the old ones', async () => {
    const { port, open, config } = await secureGateway();
    const first = await tlsConnection(port, { maxVersion: 'TLSv1.2' });
    await open.reload(config({}, { RequestClientCert: true }));
    const again = await tlsConnection(port, { maxVersion: 'TLSv1.2', session: first.getSession() });
    expect(again.isSessionReused()).toBe(false);
  });
});

describe('client certificates', () => {
  const mutual = (key: 'RequestClientCert' | 'RequireClientCert') => ({
    prepare: async (folder: string) => ({ [key]: true, CaFile: join(folder, 'ca.crt') }),
  });
  const known = authority.issue({ commonName: 'device-7', names: ['device-7.example.com'] });
  const stranger = new TestAuthority('Somebody else').issue({ commonName: 'device-7' });
  const expired = authority.issue({ commonName: 'device-7', validTo: new Date(2021, 1, 1) });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('are demanded by RequireClientCert (%s)', async (version) => {
    const { port, log } = await secureGateway(mutual('RequireClientCert'));
    const only = { minVersion: version, maxVersion: version };
    expect(await ask(await tlsConnection(port, { ...only, ...known }))).toMatch(/ 404 /);
    const refused = [only, { ...only, ...stranger }, { ...only, ...expired }];
    for (const options of refused)
      expect(await tlsConnection(port, options).then(ask, () => 'closed')).toMatch(/^(closed|ECONNRESET|EPIPE)$/);
    const reasons = log.lines.filter(({ message }) => message === 'client certificate refused');
    expect(reasons.map(({ fields }) => fields['reason'])).toEqual([
      'none was shown',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_HAS_EXPIRED',
    ]);
    expect(reasons.every(({ level }) => level === 'debug')).toBe(true);
  });

  it('may be missing with RequestClientCert, but one that does not verify ends the connection', async () => {
    const { port } = await secureGateway(mutual('RequestClientCert'));
    expect(await ask(await tlsConnection(port))).toMatch(/ 404 /);
    expect(await ask(await tlsConnection(port, known))).toMatch(/ 404 /);
    expect(await tlsConnection(port, stranger).then(ask, () => 'closed')).toMatch(/^(closed|ECONNRESET|EPIPE)$/);
  });

  it('let nobody in on the ticket of a session that was begun without one', async () => {
    const { port, open, config, folder } = await secureGateway(mutual('RequestClientCert'));
    const first = await tlsConnection(port, { maxVersion: 'TLSv1.2' });
    await open.reload(config({}, { RequireClientCert: true, CaFile: join(folder, 'ca.crt') }));
    const again = tlsConnection(port, { maxVersion: 'TLSv1.2', session: first.getSession() });
    expect(await again.then(ask, () => 'closed')).toMatch(/^(closed|ECONNRESET|EPIPE)$/);
  });

  it('are verified with every certificate of the gateway, and on resumed sessions', async () => {
    const { port } = await secureGateway({
      prepare: async (folder) => {
        await writePair(folder, 'api', authority.issue({ names: ['api.example.com'] }));
        const api = { CertFile: join(folder, 'api.crt'), KeyFile: join(folder, 'api.key') };
        return { RequireClientCert: true, CaFile: join(folder, 'ca.crt'), Certificates: [api] };
      },
    });
    const options = { servername: 'api.example.com', maxVersion: 'TLSv1.2' as const, ...known };
    const first = await tlsConnection(port, options);
    const session = first.getSession();
    expect(await ask(first)).toMatch(/ 404 /);
    const again = await tlsConnection(port, { ...options, session });
    expect(again.isSessionReused()).toBe(true);
    expect(await ask(again)).toMatch(/ 404 /);
    const without = { servername: 'api.example.com' };
    expect(await tlsConnection(port, without).then(ask, () => 'closed')).toMatch(/^(closed|ECONNRESET|EPIPE)$/);
  });

  it('are asked for over HTTP/2 as well', async () => {
    const { port } = await secureGateway(mutual('RequireClientCert'));
    await http2Session(port, known);
    await expect(http2Session(port)).rejects.toThrow('the session ended');
  });
});
