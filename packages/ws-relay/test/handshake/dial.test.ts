import { ERROR_CATALOGUE } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  collectLeaks,
  echoBackend,
  type EchoBackend,
  type EchoBackendOptions,
  type LeakWatch,
  OPCODE,
  scriptedBackend,
  TEST_CERTIFICATE,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand, type StandOptions } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: EchoBackend;
let stand: GatewayStand;

async function start(echo: EchoBackendOptions, options: StandOptions) {
  backend = await echoBackend(echo);
  stand = await gatewayStand([backend.port], options);
  return stand.client();
}

beforeEach(() => {
  leaks = collectLeaks();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('the scheme of a route decides on TLS', () => {
  it.each(['wss', 'https'])('%s connects with TLS and checks the certificate', async (scheme) => {
    const client = await start({ tls: TEST_CERTIFICATE }, { route: { DownstreamScheme: scheme } });
    expect((await client.upgrade()).status).toBe(502);
    expect(backend.requests).toHaveLength(0);
    expect(stand.lines.at(-1)?.fields).toMatchObject({ reason: expect.stringMatching(/self-signed/) as string });
  });

  it.each(['wss', 'https'])(
    '%s takes any certificate with DangerousAcceptAnyServerCertificateValidator',
    async (scheme) => {
      const client = await start(
        { tls: TEST_CERTIFICATE },
        { route: { DownstreamScheme: scheme, DangerousAcceptAnyServerCertificateValidator: true } },
      );
      expect((await client.upgrade()).status).toBe(101);
      client.sendFrame({ opcode: OPCODE.text, payload: 'secret', mask: true });
      expect((await client.readFrame()).payload.toString()).toBe('secret');
    },
  );

  it('wss trusts the authorities it is given', async () => {
    const client = await start(
      { tls: TEST_CERTIFICATE },
      { route: { DownstreamScheme: 'wss' }, relay: { backendTls: { ca: TEST_CERTIFICATE.cert } } },
    );
    expect((await client.upgrade()).status).toBe(101);
  });

  it.each(['ws', 'http'])('%s connects without TLS, also for a client that came with it', async (scheme) => {
    const client = await start({}, { route: { DownstreamScheme: scheme }, tls: TEST_CERTIFICATE });
    expect((await client.upgrade()).status).toBe(101);
    client.sendFrame({ opcode: OPCODE.text, payload: 'hello', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('hello');
    expect(backend.requests[0]?.headers['x-forwarded-proto']).toMatch(/^(?:https|wss)$/);
  });

  it('none: as the client came', async () => {
    const client = await start(
      { tls: TEST_CERTIFICATE },
      {
        route: { DownstreamScheme: '', DangerousAcceptAnyServerCertificateValidator: true },
        tls: TEST_CERTIFICATE,
      },
    );
    expect((await client.upgrade()).status).toBe(101);
  });
});

describe('an endpoint by name', () => {
  it('is connected at whichever of its addresses answers (RFC 8305)', async () => {
    backend = await echoBackend({ host: '127.0.0.1' });
    const hosts = [{ Host: 'localhost', Port: backend.port }];
    stand = await gatewayStand([], { route: { DownstreamHostAndPorts: hosts } });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(101);
    expect(backend.requests[0]?.headers.host).toBe(`localhost:${backend.port}`);
  });

  it('that does not exist answers 502, and the log says so', async () => {
    backend = await echoBackend();
    stand = await gatewayStand([], { route: { DownstreamHostAndPorts: [{ Host: 'nowhere.invalid', Port: 80 }] } });
    const client = await stand.client();
    const head = await client.upgrade();
    expect(head.status).toBe(502);
    const body = (await client.readBody(head)).toString();
    expect(body).toContain(ERROR_CATALOGUE.OCELOT_ERR_BACKEND_UNREACHABLE.message);
    expect(body).not.toContain('nowhere');
    expect(stand.lines.at(-1)?.fields).toMatchObject({ reason: expect.stringMatching(/nowhere\.invalid/) as string });
  });
});

describe('a backend that hangs up inside the TLS handshake', () => {
  it('answers 502', async () => {
    backend = await echoBackend();
    const rude = await scriptedBackend((connection) => connection.destroy());
    stand = await gatewayStand([rude.port], { route: { DownstreamScheme: 'wss' } });
    const client = await stand.client();
    expect((await client.upgrade()).status).toBe(502);
    await rude.close();
  });
});
