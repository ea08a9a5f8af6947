import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type BackendTls, createGateway, isGatewayError, readConfiguration, type Route } from '@ocelot/core';
import { FakeClock, MemoryLogger } from '@ocelot/core/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { TestAuthority } from '@ocelot/test-support';
import { BackendTlsStore } from '../src/index.js';

const authority = new TestAuthority();
let folder: string;
let plain: Route;
let clock: FakeClock;
let log: MemoryLogger;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocelot-backend-tls-'));
  const gateway = await createGateway({
    config: readConfiguration({
      Routes: [
        {
          UpstreamPathTemplate: '/',
          DownstreamPathTemplate: '/',
          DownstreamHostAndPorts: [{ Host: 'chat.internal', Port: 443 }],
        },
      ],
    }),
  });
  const [route] = gateway.routes;
  if (route === undefined) throw new Error('one route');
  plain = route;
  await gateway.drain({ deadlineMs: 0 });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

beforeEach(() => {
  clock = new FakeClock();
  log = new MemoryLogger();
});

const route = (backendTls: Partial<BackendTls>, more: Partial<Route> = {}): Route => ({
  ...plain,
  ...more,
  backendTls: { ...plain.backendTls, ...backendTls },
});

async function written(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('BackendTlsStore', () => {
  it('gives routes without files the defaults, one context for all of them', () => {
    const store = new BackendTlsStore({ ca: authority.cert }, clock, log);
    const [one, two] = [store.of(route({})), store.of(route({ serverName: 'chat' }))];
    expect(one.secureContext).toBeDefined();
    expect(two).toEqual({ secureContext: one.secureContext, serverName: 'chat', rejectUnauthorized: true });
    expect(new BackendTlsStore(undefined, clock, log).of(route({})).secureContext).toBeUndefined();
  });

  it("takes any certificate where Ocelot's DangerousAcceptAnyServerCertificateValidator says so", () => {
    const store = new BackendTlsStore(undefined, clock, log);
    expect(store.of(route({}, { acceptAnyServerCertificate: true })).rejectUnauthorized).toBe(false);
  });

  it('throws for defaults that cannot be used, when it is made', () => {
    expect(() => new BackendTlsStore({ cert: 'none' }, clock, log)).toThrow(/PEM|no start line|cert/i);
  });

  it('keeps its answer while the files stay as they are, and looks at most once a second', async () => {
    const caFile = await written('ca.pem', authority.cert);
    const secured = route({ caFile });
    const store = new BackendTlsStore(undefined, clock, log);
    const first = store.of(secured);
    clock.advance(5000);
    expect(store.of(secured)).toBe(first);
    await written('ca.pem', new TestAuthority().cert);
    expect(store.of(secured)).toBe(first);
    clock.advance(1000);
    const second = store.of(secured);
    expect(second).not.toBe(first);
    expect(store.of(secured)).toBe(second);
    expect(log.lines).toEqual([]);
  });

  it('keeps certificate and key in force that fit each other until both were exchanged, and tells once', async () => {
    const [old, next] = [authority.issue({ commonName: 'old' }), authority.issue({ commonName: 'next' })];
    const certFile = await written('own.pem', old.cert);
    const keyFile = await written('own.key', old.key);
    const secured = route({ certFile, keyFile });
    const store = new BackendTlsStore(undefined, clock, log);
    const first = store.of(secured);
    await written('own.pem', next.cert);
    for (let look = 0; look < 3; look += 1) {
      clock.advance(1000);
      expect(store.of(secured)).toBe(first);
    }
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { route: secured.id, certFile, keyFile } }]);
    await written('own.key', next.key);
    clock.advance(1000);
    expect(store.of(secured)).not.toBe(first);
  });

  it.each<[string, (file: (name: string) => string) => Partial<BackendTls>]>([
    ['a missing file', (file) => ({ caFile: file('none.pem') })],
    ['a certificate without its key', (file) => ({ certFile: file('broken.pem'), keyFile: file('broken.pem') })],
  ])('throws BACKEND_UNREACHABLE for %s that was never read, naming Gateway.BackendTls', async (_, files) => {
    await written('broken.pem', 'nothing');
    const store = new BackendTlsStore(undefined, clock, log);
    try {
      store.of(route(files((name) => join(folder, name))));
      expect.unreachable();
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      expect(error.code).toBe('OCELOT_ERR_BACKEND_UNREACHABLE');
      expect(error.details['reason']).toMatch(/Gateway\.BackendTls/);
      expect(error.message).not.toMatch(/none|broken/);
    }
  });
});
