import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FakeClock } from '@ocelot/core/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  echoBackend,
  type EchoBackend,
  type EchoBackendOptions,
  type IssuedCertificate,
  type LeakWatch,
  OPCODE,
  TestAuthority,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand, type StandOptions } from '../gateway-stand.js';

const authority = new TestAuthority('Backends');
const stranger = new TestAuthority('Strangers');
const forAddress = authority.issue({ names: ['127.0.0.1'] });
const forName = authority.issue({ names: ['chat.internal'] });
const expired = authority.issue({ names: ['127.0.0.1'], validTo: new Date(Date.UTC(2021, 0, 1)) });

let folder: string;
let leaks: LeakWatch;
let backend: EchoBackend;
let stand: GatewayStand;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocelot-backend-tls-'));
  await writeFile(file('ca.pem'), authority.cert);
  await writeFile(file('strangers.pem'), stranger.cert);
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  leaks = collectLeaks();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

const file = (name: string): string => join(folder, name);

/** A gateway before an echo server with the certificate; the route has the given `BackendTls`. */
async function start(certificate: IssuedCertificate, BackendTls: object, options: StandOptions = {}, tls: object = {}) {
  backend = await echoBackend({ tls: { ...certificate, ...tls } });
  stand = await gatewayStand([backend.port], {
    ...options,
    settings: { BackendTls, ...options.settings },
    route: { DownstreamScheme: 'wss', ...options.route },
  });
}

/** The status of one upgrade; with 101, a message goes there and back. */
async function upgrade(): Promise<number> {
  const client = await stand.client();
  const { status } = await client.upgrade();
  if (status === 101) {
    client.sendFrame({ opcode: OPCODE.text, payload: 'secret', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('secret');
  }
  client.destroy();
  return status;
}

const reason = (): unknown => stand.lines.findLast(({ message }) => message === 'upgrade refused')?.fields['reason'];

describe('the certificate of a backend', () => {
  it('is accepted from the authority that BackendTls names', async () => {
    await start(forAddress, { CaFile: file('ca.pem') });
    expect(await upgrade()).toBe(101);
  });

  it.each<[string, IssuedCertificate, object, RegExp]>([
    ['is of an unknown authority', forAddress, { CaFile: 'strangers.pem' }, /unable to verify|self.signed|issuer/],
    ['is for another name', forName, { CaFile: 'ca.pem' }, /127\.0\.0\.1/],
    ['has expired', expired, { CaFile: 'ca.pem' }, /expired/],
    ['is for another name than ServerName', forName, { CaFile: 'ca.pem', ServerName: 'x.internal' }, /x\.internal/],
    ['is for no address, and ServerName is one', forName, { CaFile: 'ca.pem', ServerName: '10.0.0.1' }, /10\.0\.0\.1/],
  ])('that %s: 502, the reason is in the log and not in the answer', async (_, certificate, tls, expected) => {
    const CaFile = file((tls as { CaFile: string }).CaFile);
    await start(certificate, { ...tls, CaFile });
    const client = await stand.client();
    const head = await client.upgrade();
    expect(head.status).toBe(502);
    expect((await client.readBody(head)).toString()).not.toMatch(expected);
    expect(reason()).toMatch(expected);
    expect(backend.requests).toHaveLength(0);
  });

  it('is checked for ServerName, which is also what SNI says', async () => {
    let asked: string | undefined;
    const sni = {
      SNICallback: (name: string, done: (error: null) => void) => {
        asked = name;
        done(null);
      },
    };
    await start(forName, { CaFile: file('ca.pem'), ServerName: 'chat.internal' }, {}, sni);
    expect(await upgrade()).toBe(101);
    expect(asked).toBe('chat.internal');
    expect(backend.requests[0]?.headers.host).toBe(`127.0.0.1:${backend.port}`);
  });

  it('is checked against the options of the relay where the route names no authority', async () => {
    await start(forAddress, {}, { relay: { backendTls: { ca: authority.cert } } });
    expect(await upgrade()).toBe(101);
  });
});

describe('a backend that demands a certificate of the gateway', () => {
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };

  it('gets the one that BackendTls names', async () => {
    const own = authority.issue({ commonName: 'gateway' });
    await writeFile(file('own.pem'), own.cert);
    await writeFile(file('own.key'), own.key);
    const tls = { CaFile: file('ca.pem'), CertFile: file('own.pem'), KeyFile: file('own.key') };
    await start(forAddress, tls, {}, mutual);
    expect(await upgrade()).toBe(101);
  });

  it('refuses a gateway that has none: 502', async () => {
    await start(forAddress, { CaFile: file('ca.pem') }, {}, mutual);
    expect(await upgrade()).toBe(502);
  });
});

describe('files of BackendTls that change', () => {
  it('are taken up for connections made later; until they can be used, what was read before stays in force', async () => {
    const clock = new FakeClock();
    const CaFile = file('changing.pem');
    await writeFile(CaFile, stranger.cert);
    await start(forAddress, { CaFile }, { relay: { clock } });
    expect(await upgrade()).toBe(502);
    await writeFile(CaFile, authority.cert);
    clock.advance(1001);
    expect(await upgrade()).toBe(101);
    await writeFile(CaFile, '-----BEGIN CERTIFICATE-----\nhalf of it');
    await utimes(CaFile, 1, 1);
    clock.advance(1001);
    expect(await upgrade()).toBe(101);
    expect(await upgrade()).toBe(101);
    const told = stand.lines.filter(({ message }) => message.includes('what was read before stays in force'));
    expect(told).toMatchObject([{ level: 'warn', fields: { caFile: CaFile } }]);
  });

  it('and are missing from the start are 502, and the log names the file', async () => {
    await start(forAddress, { CaFile: file('nowhere.pem') });
    expect(await upgrade()).toBe(502);
    expect(reason()).toMatch(/BackendTls.*nowhere\.pem/);
  });
});

describe('an endpoint that is a Unix-domain socket', () => {
  async function startAt(name: string, echo: EchoBackendOptions, options: StandOptions): Promise<void> {
    const socketPath = file(name);
    backend = await echoBackend({ ...echo, socketPath });
    stand = await gatewayStand([], {
      ...options,
      route: { DownstreamHostAndPorts: [{ Host: `unix:${socketPath}` }], ...options.route },
    });
  }

  it.each(['framed', 'opaque'])('is connected at its path and told the host localhost (%s)', async (Transfer) => {
    await startAt(`${Transfer}.sock`, {}, { settings: { Transfer } });
    expect(await upgrade()).toBe(101);
    expect(backend.requests[0]?.headers.host).toBe('localhost');
    expect((await stand.line('session closed')).fields).toMatchObject({ endpoint: `unix:${file(`${Transfer}.sock`)}` });
  });

  it('may speak TLS, with the name that ServerName says', async () => {
    const BackendTls = { CaFile: file('ca.pem'), ServerName: 'chat.internal' };
    await startAt('tls.sock', { tls: forName }, { settings: { BackendTls }, route: { DownstreamScheme: 'wss' } });
    expect(await upgrade()).toBe(101);
  });

  it('where nobody listens is 502, and the log names it', async () => {
    backend = await echoBackend();
    stand = await gatewayStand([], { route: { DownstreamHostAndPorts: [{ Host: `unix:${file('no.sock')}` }] } });
    expect(await upgrade()).toBe(502);
    expect(reason()).toMatch(/no\.sock/);
  });
});
