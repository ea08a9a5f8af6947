import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import type { Clock, Timer } from '@ocelot/core';
import type { BackendAddress, BackendTlsOptions } from '@ocelot/relay-kit';

import { ConnectTimeout, VersionRefused } from './call-failure.js';
import { serverNameOf, tlsOptionsOf } from './connector.js';

/** How one backend is spoken to over HTTP/2. */
export interface Http2SessionOptions {
  readonly address: BackendAddress;
  /** Undefined: both sides just know (RFC 9113 §3.3). */
  readonly tls: BackendTlsOptions | undefined;
  /** Whether HTTP/1.1 will not do. */
  readonly isExact: boolean;
  /** TCP and TLS together; 0: no limit. */
  readonly connectMs: number;
  /** How long a connection is kept without a request. */
  readonly keepAliveMs: number;
  /** How long a connection takes new requests; 0: as long as it works. */
  readonly lifetimeMs: number;
  /** Operating-system keep-alive; 0: off. */
  readonly tcpKeepAliveMs: number;
  readonly clock: Clock;
}

/** How long a backend that offers no HTTP/2 is not asked again. */
const ASK_AGAIN_MS = 60_000;

/**
 * The HTTP/2 connection to one backend, shared by its requests: opened by the first one, replaced once it is old or
 * lost, closed when idle. Owned by a pool.
 */
export class Http2Session {
  readonly #options: Http2SessionOptions;
  #current: Promise<ClientHttp2Session | undefined> | undefined;
  #openedMs = 0;
  #streams = 0;
  #idle: Timer | undefined;
  #isClosed = false;
  readonly #open = new Map<ClientHttp2Session, Socket>();

  constructor(options: Http2SessionOptions) {
    this.#options = options;
  }

  /**
   * The connection for one request; tell `release` when the request is over.
   * @returns undefined when the backend speaks HTTP/1.1 and that will do.
   * @throws Error of the connection, ConnectTimeout, VersionRefused.
   */
  take(): Promise<ClientHttp2Session | undefined> {
    const { clock, lifetimeMs } = this.#options;
    this.#idle?.clear();
    this.#streams += 1;
    const ageMs = clock.now() - this.#openedMs;
    if (this.#current === undefined || (lifetimeMs > 0 && ageMs > lifetimeMs)) this.#renew();
    return this.#current ?? Promise.reject(new Error('the pool is closed'));
  }

  /** A request is over. */
  release(): void {
    const { clock, keepAliveMs } = this.#options;
    this.#streams -= 1;
    if (this.#streams === 0) this.#idle = clock.setTimer(keepAliveMs, () => this.close());
  }

  /** Requests under way end; a later one opens another connection. */
  close(): void {
    this.#idle?.clear();
    this.#current = undefined;
    for (const session of this.#open.keys()) session.close();
  }

  /**
   * Cuts whatever is under way. By the sockets: `session.destroy()` of Node 20 never returns where a stream was answered
   * before its own body had ended and another one is open.
   */
  destroy(): void {
    this.#isClosed = true;
    this.close();
    for (const socket of this.#open.values()) socket.destroy();
  }

  #renew(): void {
    this.close();
    this.#openedMs = this.#options.clock.now();
    const opened = this.#connect();
    this.#current = opened;
    const forget = (): void => {
      if (this.#current === opened) this.#current = undefined;
    };
    opened.then((session) => {
      if (session === undefined) {
        // It speaks HTTP/1.1: that is remembered for a while, by this very promise.
        this.#openedMs = this.#options.clock.now() - Math.max(0, this.#options.lifetimeMs - ASK_AGAIN_MS);
        return;
      }
      session.once('close', forget).once('goaway', forget);
    }, forget);
  }

  async #connect(): Promise<ClientHttp2Session | undefined> {
    const { address, tls, isExact, tcpKeepAliveMs } = this.#options;
    const socket = await this.#socket();
    socket.setNoDelay(true);
    if (tcpKeepAliveMs > 0) socket.setKeepAlive(true, tcpKeepAliveMs);
    if (tls !== undefined && (socket as TLSSocket).alpnProtocol !== 'h2') {
      socket.destroy();
      if (isExact) throw new VersionRefused();
      return undefined;
    }
    const name = 'path' in address ? 'localhost' : 'backend';
    const session = connectHttp2(`${tls === undefined ? 'http' : 'https'}://${name}`, {
      createConnection: () => socket,
      settings: { enablePush: false },
    });
    this.#open.set(session, socket);
    // What it means is told by the streams.
    session.on('error', () => undefined);
    session.once('close', () => this.#open.delete(session));
    if (this.#isClosed) session.destroy();
    return session;
  }

  #socket(): Promise<Socket> {
    const { address, tls, connectMs, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = tls === undefined ? connectTcp(address) : connectTls({ ...address, ...alpn(address, tls) });
      const late = (): void => void socket.destroy(new ConnectTimeout(connectMs));
      const timer = connectMs > 0 ? clock.setTimer(connectMs, late) : undefined;
      socket.on('error', reject);
      socket.once('close', () => timer?.clear());
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        timer?.clear();
        resolve(socket);
      });
    });
  }
}

function alpn(address: BackendAddress, tls: BackendTlsOptions): object {
  const servername = serverNameOf(address, tls);
  return {
    ALPNProtocols: ['h2', 'http/1.1'],
    ...tlsOptionsOf(tls),
    ...(servername === undefined ? {} : { servername }),
  };
}
