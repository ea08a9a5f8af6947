import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';

import { within } from './deadline.js';
import { RawConnection } from './raw-connection.js';

/** What {@link Http2Client.open} varies. */
export interface ConnectOptions {
  /** @default / */
  readonly path?: string;
  /** More headers, pseudo-headers too; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A WebSocket over one stream of an HTTP/2 connection, under a test's full control. */
export class Http2Socket extends RawConnection {
  readonly stream: ClientHttp2Stream;
  /** The headers of the answer; rejected when the stream ends without one. */
  readonly answer: Promise<IncomingHttpHeaders & { readonly ':status'?: number }>;

  constructor(stream: ClientHttp2Stream) {
    super(stream);
    this.stream = stream;
    this.answer = new Promise((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('close', () => reject(new Error(`the stream was closed (${stream.rstCode}) without an answer`)));
    });
    this.answer.catch(() => undefined);
  }

  /** Waits for the status of the answer. */
  async status(): Promise<number> {
    return (await within(this.answer, 'the answer to a CONNECT'))[':status'] ?? 0;
  }

  /** RST_STREAM: what RST is over TCP (RFC 8441 §5). `close` would say END_STREAM first. */
  override reset(): void {
    this.stream.destroy(new Error('the test resets the stream'));
  }
}

/** One HTTP/2 connection of a client, for any number of streams. */
export class Http2Client {
  readonly session: ClientHttp2Session;

  constructor(session: ClientHttp2Session) {
    this.session = session;
  }

  /** Sends an extended CONNECT for a WebSocket (RFC 8441 §5.1). */
  open({ path = '/', headers = {} }: ConnectOptions = {}): Http2Socket {
    const all = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': path,
      ':authority': 'gateway.test',
      'sec-websocket-version': '13',
      ...headers,
    };
    const given = Object.entries(all).filter(([, value]) => value !== undefined);
    return new Http2Socket(
      this.session.request(Object.fromEntries(given) as OutgoingHttpHeaders, { endStream: false }),
    );
  }

  /** Cuts the connection and every stream on it. */
  destroy(): void {
    this.session.destroy();
  }
}

/**
 * Connects and waits until the server says that it knows extended CONNECT. Without TLS it begins with HTTP/2 at once
 * (prior knowledge, RFC 9113 §3.3).
 */
export async function http2Client(port: number, options: SecureClientSessionOptions = {}): Promise<Http2Client> {
  const scheme = 'rejectUnauthorized' in options ? 'https' : 'http';
  const session = connect(`${scheme}://127.0.0.1:${port}`, options);
  session.on('error', () => undefined);
  await within(once(session, 'remoteSettings'), 'the SETTINGS of the server');
  return new Http2Client(session);
}
