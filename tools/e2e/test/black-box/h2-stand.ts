import { writeFile } from 'node:fs/promises';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import {
  eventually,
  H2,
  H2_FLAG,
  http2Client,
  type ConnectOptions,
  type Http2Client,
  type Http2Socket,
  rawClient,
  type RawClient,
  rawHttp2,
  type RawHttp2,
  type RawHttp2Options,
  resetCode,
  statusOf,
  switchingHead,
  TEST_CERTIFICATE,
  within,
} from '@ocelot/test-support';
import { afterAll, beforeAll, expect } from 'vitest';

import { temporaryFolder } from '../../src/run-ocelot.js';
import { Stand } from './stand.js';
import type { Call } from './switchboard.js';

const ANY_CERTIFICATE = { rejectUnauthorized: false };

/**
 * Node 20 leaves a connection that broke the protocol, or flooded it, open for up to a minute, unserved; later ones close
 * it at once.
 */
export const LEAVES_BROKEN_CONNECTIONS: boolean = process.versions.node.startsWith('20.');

/** Fields of a HEADERS frame, in order. */
export type Fields = readonly (readonly [string, string])[];

/** What became of a stream: an answer, or how it was ended without one. */
export interface Verdict {
  readonly status?: number;
  /** Code of RST_STREAM. */
  readonly reset?: number;
  /** Code of GOAWAY. */
  readonly goaway?: number;
}

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  /** Interim answers, by their status. */
  readonly interim: readonly number[];
}

/** A gateway that speaks TLS and HTTP/2, a scripted backend behind it, and clients of either version. */
export class H2Stand extends Stand {
  readonly #isBroken: boolean;
  readonly #sockets: TLSSocket[] = [];
  readonly #raw: (RawHttp2 | RawClient)[] = [];
  #removeFolder: () => Promise<void> = () => Promise.resolve();

  /** @param isBroken whether connections are broken on purpose: see {@link LEAVES_BROKEN_CONNECTIONS}. */
  constructor(isBroken = false) {
    super();
    this.#isBroken = isBroken;
  }

  override async start(
    configure: (backendPort: number) => object | Promise<object>,
    args: readonly string[] = [],
  ): Promise<void> {
    const folder = await temporaryFolder();
    this.#removeFolder = () => folder.remove();
    const Tls = { CertFile: join(folder.path, 'cert.pem'), KeyFile: join(folder.path, 'key.pem') };
    await writeFile(Tls.CertFile, TEST_CERTIFICATE.cert);
    await writeFile(Tls.KeyFile, TEST_CERTIFICATE.key);
    await super.start(async (port) => withTls(await configure(port), Tls), args);
  }

  override async finish(): Promise<void> {
    for (const client of [...this.#sockets, ...this.#raw]) client.destroy();
    try {
      await super.finish();
    } finally {
      await this.#removeFolder();
    }
  }

  override async everySocketIsClosed(): Promise<void> {
    if (!this.#isBroken || !LEAVES_BROKEN_CONNECTIONS) await super.everySocketIsClosed();
  }

  /** In place of {@link finish} where the test itself stopped the gateway. @returns its exit code. */
  async finishStopped(): Promise<number | null> {
    for (const client of [...this.#sockets, ...this.#raw]) client.destroy();
    await this.backend.close();
    const { code } = await this.gateway.ended();
    await this.#removeFolder();
    return code;
  }

  /** A connection of node:http2; {@link finish} ends it. */
  async session(): Promise<Http2Client> {
    // Its own socket, to end it by: `session.destroy()` of Node 20 may never return when streams are open.
    const target = { port: this.gateway.port, host: '127.0.0.1', ALPNProtocols: ['h2'] };
    const socket = connectTls({ ...target, ...ANY_CERTIFICATE });
    this.#sockets.push(socket);
    return http2Client(this.gateway.port, { ...ANY_CERTIFICATE, createConnection: () => socket });
  }

  /** A connection on which a test writes frames of HTTP/2 itself; {@link finish} ends it. */
  async raw(options: RawHttp2Options = {}): Promise<RawHttp2> {
    const client = await rawHttp2(this.gateway.port, { ...options, tls: ANY_CERTIFICATE });
    this.#raw.push(client);
    return client;
  }

  /** A connection of HTTP/1.1; {@link finish} ends it. */
  override async connect(): Promise<RawClient> {
    const client = await rawClient(this.gateway.port, { tls: { ...ANY_CERTIFICATE, ALPNProtocols: ['http/1.1'] } });
    this.#raw.push(client);
    return client;
  }

  /** Asks for a WebSocket on a session and waits until the backend has the handshake. */
  async askOver(
    client: Http2Client,
    { path = this.target(), headers = {} }: ConnectOptions = {},
  ): Promise<Call & { readonly socket: Http2Socket }> {
    const socket = client.open({ path, headers: { ':scheme': 'https', ...headers } });
    return { socket, ...(await this.backend.call(path)) };
  }

  /** Opens a WebSocket on a session; `answer` is laid over the headers of the backend's 101. */
  async openOver(
    client: Http2Client,
    options: ConnectOptions & { readonly answer?: Readonly<Record<string, string>> } = {},
  ): Promise<Call & { readonly socket: Http2Socket }> {
    const call = await this.askOver(client, options);
    call.connection.send(switchingHead(call.head.get('sec-websocket-key') ?? '', options.answer));
    expect(await call.socket.status()).toBe(200);
    return call;
  }

  /** Waits until a request reached the backend, or its stream was answered or ended without it. */
  async outcomeOf(client: RawHttp2, stream: number, path: string): Promise<Verdict | Call> {
    let verdict: Verdict | undefined;
    let failure: unknown;
    verdictOf(client, stream).then(
      (found) => (verdict = found),
      (error: unknown) => (failure = error),
    );
    await eventually(
      () => verdict !== undefined || failure !== undefined || this.backend.has(path),
      'a request is served or refused',
    );
    if (failure !== undefined) throw failure;
    return verdict ?? this.backend.call(path);
  }

  /** Whether somebody who keeps the rules is served: by the session that is given, or by a new one. */
  async servesOthers(client?: Http2Client): Promise<void> {
    const path = this.target();
    const { session } = client ?? (await this.session());
    const answer = answerOf(session.request({ ':path': path }));
    (await this.backend.call(path)).connection.send(OK);
    expect((await answer).body).toBe('ok');
  }
}

/** An answer of a backend, after which it may close. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** One gateway for the tests of a file, started before the first and examined after the last. */
export function h2Stand(
  configure: (backendPort: number) => object | Promise<object>,
  options: { readonly isBroken?: boolean } = {},
): H2Stand {
  const subject = new H2Stand(options.isBroken);
  beforeAll(() => subject.start(configure));
  afterAll(() => subject.finish());
  return subject;
}

function withTls(config: object & { GlobalConfiguration?: { Gateway?: object } }, Tls: object): object {
  const { GlobalConfiguration } = config;
  return {
    ...config,
    GlobalConfiguration: { ...GlobalConfiguration, Gateway: { ...GlobalConfiguration?.Gateway, Tls } },
  };
}

/** The pseudo-headers of a GET, with more fields behind them. */
export function getFields(path: string, more: Fields = []): Fields {
  return [[':method', 'GET'], [':scheme', 'https'], [':authority', 'gateway.test'], [':path', path], ...more];
}

/** The pseudo-headers of an extended CONNECT over TLS (RFC 8441 §4), with more fields behind them. */
export function socketFields(path: string, more: Fields = []): Fields {
  return [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'https'],
    [':authority', 'gateway.test'],
    [':path', path],
    ['sec-websocket-version', '13'],
    ...more,
  ];
}

/** Reads until it is clear what became of a stream. The end of the connection counts as GOAWAY. */
export async function verdictOf(client: RawHttp2, stream: number): Promise<Verdict> {
  for (;;) {
    const frame = await client.readAny().catch((error: Error) => {
      if (client.finReceived || client.isClosed) return undefined;
      throw error;
    });
    if (frame === undefined) return { goaway: -1 };
    if (frame.type === H2.goaway) return { goaway: frame.payload.readUInt32BE(4) };
    if (frame.stream !== stream) continue;
    if (frame.type === H2.reset) return { reset: resetCode(frame) };
    if (frame.type === H2.headers) return { status: statusOf(frame) };
  }
}

/** Reads DATA of a stream up to its END_STREAM. */
export async function readData(client: RawHttp2, stream: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const frame = await client.read(H2.data, stream);
    parts.push(frame.payload);
    if ((frame.flags & H2_FLAG.endStream) !== 0) return Buffer.concat(parts);
  }
}

/** Reads an answer to its end. @throws when the stream is reset. */
export function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const interim: number[] = [];
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let body = '';
    stream.setEncoding('latin1');
    stream.on('headers', (early) => interim.push(Number(early[':status'])));
    stream.on('response', (got) => (headers = got));
    stream.on('trailers', (got) => (trailers = got));
    stream.on('data', (text: string) => (body += text));
    stream.on('error', reject);
    stream.on('close', () => {
      if (stream.rstCode !== 0) reject(new Error(`the stream was reset with ${stream.rstCode}`));
      else resolve({ status: Number(headers[':status'] ?? 0), headers, body, trailers, interim });
    });
  });
  return within(answer, 'an answer over HTTP/2');
}

/** Sends a request with a body of text and reads its answer. */
export function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): Promise<Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}
