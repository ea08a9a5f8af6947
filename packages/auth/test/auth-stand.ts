import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

import {
  type Clock,
  type ControlAnswer,
  createGateway,
  type Gateway,
  type GatewayConfig,
  type GatewayEvent,
  type Plugin,
  readConfiguration,
} from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { httpRequestRelay } from '@ocelot/http-relay';
import {
  collectLeaks,
  echoBackend,
  type EchoBackend,
  type EchoBackendOptions,
  eventually,
  type Http2Client,
  http2Client,
  type LeakWatch,
  rawClient,
  type RawClient,
} from '@ocelot/test-support';
import { webSocketRelay } from '@ocelot/ws-relay';
import { createServer as createHttp2Server } from 'node:http2';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect } from 'vitest';

import { auth, type AuthOptions, type AuthPlugin } from '../src/index.js';

/** What signs the tokens of these tests, and what the provider `Main` knows. */
export const SECRET = 'a-secret-of-these-tests-of-48-bytes-and-no-other';

/** Options of a provider that accepts tokens made by {@link token}. */
export const MAIN = { Type: 'Jwt', Secret: SECRET, Audience: ['gateway'], ClockSkewSeconds: 0 };

/** Options of a route that asks the provider `Main`. */
export const BY_MAIN = { AuthenticationOptions: { AuthenticationProviderKeys: ['Main'] } };

/** A signed token. @param claims over `sub` alice, `aud` gateway, an hour of life from now. */
export function token(claims: Readonly<Record<string, unknown>> = {}, secret = SECRET): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const all = { sub: 'alice', aud: 'gateway', iat: nowSeconds, exp: nowSeconds + 3600, ...claims };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(given).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}

/** `Authorization` with a token. */
export async function bearer(claims: Readonly<Record<string, unknown>> = {}): Promise<{ Authorization: string }> {
  return { Authorization: `Bearer ${await token(claims)}` };
}

/** What a gateway of these tests varies. */
export interface AuthStandOptions {
  /** More keys of the one route, over the usual ones. @default BY_MAIN */
  readonly route?: object;
  /** `Gateway.Authentication`, global. @default Main as its one provider */
  readonly authentication?: object;
  /** More keys of `GlobalConfiguration`. */
  readonly global?: object;
  readonly auth?: AuthOptions;
  readonly clock?: Clock;
  readonly plugins?: readonly Plugin[];
}

/** A real gateway with both relays on a real server, on a free port. */
export interface AuthStand {
  readonly gateway: Gateway;
  readonly port: number;
  readonly plugin: AuthPlugin;
  readonly lines: readonly LogLine[];
  readonly events: readonly GatewayEvent[];
  /** Reads a configuration as that of the stand, with a difference. */
  configure(options: AuthStandOptions): GatewayConfig;
  client(): Promise<RawClient>;
  /** A client over HTTP/2. */
  http2(): Promise<Http2Client>;
  /** Opens a WebSocket; the client stands before its 101. */
  open(headers?: Readonly<Record<string, string>>, path?: string): Promise<RawClient>;
  /** Sends a plain request. */
  fetch(headers?: Readonly<Record<string, string>>, path?: string, method?: string): Promise<Fetched>;
  /** Calls the control address. */
  control(method: string, path: string, body?: object): Promise<ControlAnswer & { readonly json: unknown }>;
  /** Waits for a log line with a code. */
  line(code: string): Promise<LogLine>;
}

/** An answer to a plain request. */
export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the plain backend saw. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Gateways and backends of one test: closed behind it, and nothing may be left of them. */
export interface AuthStands {
  readonly gateway: (port: number, options?: AuthStandOptions) => Promise<AuthStand>;
  /** A WebSocket backend that echoes. */
  readonly sockets: (options?: EchoBackendOptions) => Promise<EchoBackend>;
  /** A backend that answers every plain request with what it saw, as JSON; event streams on `/events`. */
  readonly plain: () => Promise<number>;
  readonly onClose: (close: () => Promise<unknown>) => void;
}

/** Sets up and clears away around each test of a file. Call it once, at the top. */
export function authStands(): AuthStands {
  let leaks: LeakWatch;
  let closers: (() => Promise<unknown>)[] = [];
  beforeEach(() => {
    leaks = collectLeaks();
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.toReversed()) await close();
    await leaks.verify();
  });
  const onClose = (close: () => Promise<unknown>): void => void closers.push(close);
  return {
    gateway: (port, options = {}) => startStand(port, options, onClose),
    async sockets(options) {
      const backend = await echoBackend(options);
      onClose(() => backend.close());
      return backend;
    },
    plain: () => startPlainBackend(onClose),
    onClose,
  };
}

async function startPlainBackend(onClose: AuthStands['onClose']): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      return;
    }
    const seen: Seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers };
    response.end(JSON.stringify(seen));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onClose(() => {
    server.closeAllConnections();
    return new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return (server.address() as AddressInfo).port;
}

function fileOf(port: number, options: AuthStandOptions): object {
  return {
    Routes: [
      {
        UpstreamPathTemplate: '/{everything}',
        DownstreamPathTemplate: '/{everything}',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
        ...(options.route ?? BY_MAIN),
      },
    ],
    GlobalConfiguration: {
      Gateway: { Authentication: { Providers: { Main: MAIN }, ...options.authentication } },
      ...options.global,
    },
  };
}

async function startStand(
  backend: number,
  options: AuthStandOptions,
  onClose: AuthStands['onClose'],
): Promise<AuthStand> {
  const log = new MemoryLogger();
  const events: GatewayEvent[] = [];
  const plugin = auth(options.auth);
  const plain = httpRequestRelay();
  const sockets = webSocketRelay();
  const configure = (changes: AuthStandOptions): GatewayConfig => {
    return readConfiguration(fileOf(backend, { ...options, ...changes }), { supportedKeys: plugin.supports ?? [] });
  };
  const gateway = await createGateway({
    config: configure({}),
    plugins: [
      {
        name: 'watch',
        setup(registry) {
          registry.telemetry({ record: (event) => events.push(event) });
          registry.onClose(() => plain.close());
        },
      },
      plugin,
      ...(options.plugins ?? []),
    ],
    log,
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const server = createServer();
  server.on('request', plain.listener(gateway));
  server.on('upgrade', sockets.listener(gateway));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients: { destroy(): void }[] = [];
  onClose(async () => {
    for (const client of clients) client.destroy();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  const client = async (): Promise<RawClient> => {
    const connected = await rawClient(port);
    clients.push(connected);
    return connected;
  };
  return {
    gateway,
    port,
    plugin,
    lines: log.lines,
    events,
    configure,
    client,
    async http2() {
      const front = createHttp2Server({ settings: { enableConnectProtocol: true } });
      const connections = new Set<{ destroy(): void }>();
      front.on('session', (session) => void connections.add(session.on('error', () => undefined)));
      front.on('request', plain.listener(gateway));
      front.on('connect', sockets.connectListener(gateway));
      front.listen(0, '127.0.0.1');
      await once(front, 'listening');
      const connected = await http2Client((front.address() as AddressInfo).port);
      onClose(async () => {
        connected.destroy();
        for (const connection of connections) connection.destroy();
        await new Promise((resolve) => {
          front.close(resolve);
        });
      });
      return connected;
    },
    async open(headers = {}, path = '/') {
      const connected = await client();
      const answer = await connected.upgrade({ headers, target: path });
      expect(answer.status).toBe(101);
      return connected;
    },
    fetch: (headers = {}, path = '/', method = 'GET') => fetchFrom(port, headers, path, method),
    async control(method, path, body) {
      const answer = await callControl(gateway, method, path, body);
      return { ...answer, json: answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown) };
    },
    line: (code) => eventually(() => log.lines.find(({ fields }) => fields['code'] === code), `${code} is logged`),
  };
}

function fetchFrom(
  port: number,
  headers: Readonly<Record<string, string>>,
  path: string,
  method: string,
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => void (body += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

/** What the command line does for a call on its control address. */
async function callControl(gateway: Gateway, method: string, path: string, body?: object): Promise<ControlAnswer> {
  const url = new URL(path, 'http://control');
  const segments = url.pathname.split('/');
  for (const endpoint of gateway.controls) {
    const template = endpoint.path.split('/');
    if (endpoint.method !== method || template.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = template.every((part, index) => {
      const segment = decodeURIComponent(segments[index] ?? '');
      if (!part.startsWith('{')) return part === segment;
      params[part.slice(1, -1)] = segment;
      return true;
    });
    if (!fits) continue;
    const text = body === undefined ? '' : JSON.stringify(body);
    return endpoint.handle({ method, path: url.pathname, params, query: url.searchParams, headers: {}, body: text });
  }
  throw new Error(`nothing answers ${method} ${path}`);
}
