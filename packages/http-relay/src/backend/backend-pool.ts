import { Agent as HttpAgent } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

import type { Clock, Route } from '@ocelot/core';
import type { BackendAddress, BackendTlsOptions } from '@ocelot/relay-kit';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

import type { BackendRequest, Call, CallReceiver } from './call.js';
import { backendConnector, serverNameOf, tlsOptionsOf } from './connector.js';
import { Http2Call } from './http2-call.js';
import { Http2Session } from './http2-session.js';
import { NodeCall } from './node-call.js';
import { UndiciCall } from './undici-call.js';

/** What the connections of one pool have in common. */
export interface BackendPoolOptions {
  readonly address: BackendAddress;
  /** Undefined: without TLS. */
  readonly tls: BackendTlsOptions | undefined;
  readonly route: Route;
  /** How long a connection is kept without a request. */
  readonly keepAliveMs: number;
  readonly clock: Clock;
}

/**
 * The connections to one endpoint on behalf of one route: kept between requests, closed when idle for long or old.
 * HTTP/1.1 goes by undici, or by node:http where undici cannot send a request ({@link NodeCall}); HTTP/2 by node:http2.
 */
export class BackendPool {
  /** Requests under way. Counted by the owner. */
  inUse = 0;
  /** When the last request ended. Kept by the owner. */
  idleSinceMs = 0;
  readonly tls: BackendTlsOptions | undefined;
  readonly #options: BackendPoolOptions;
  readonly #http2: Http2Session | undefined;
  readonly #serverName: string | undefined;
  readonly #origin: string | undefined;
  #dispatcher: Dispatcher | undefined;
  #agent: HttpAgent | undefined;
  /** Whether the backend says `100 Continue` unasked: undici would fail all of its answers. */
  #saysContinue = false;

  constructor(options: BackendPoolOptions) {
    const { address, tls, route } = options;
    this.#options = options;
    this.tls = tls;
    this.#http2 = http2Session(options);
    this.#serverName = tls === undefined ? undefined : serverNameOf(address, tls);
    this.#origin = route.http.useProxy && !('path' in address) ? originOf(address, tls !== undefined) : undefined;
  }

  /** Sends a request. Failures are told to the receiver, never thrown. */
  call(request: BackendRequest, receiver: CallReceiver): Call {
    return this.#http2 === undefined
      ? this.#http1Call(request, receiver)
      : this.#http2Call(this.#http2, request, receiver);
  }

  /** Takes no more requests; those under way end by themselves, and their connections with them. */
  async close(): Promise<void> {
    // The agent cannot wait: sockets in use go idle behind their request, and are closed by `timeout` then.
    if (this.inUse === 0) this.#agent?.destroy();
    this.#http2?.close();
    await this.#dispatcher?.close();
  }

  /** Cuts whatever is under way. */
  async destroy(): Promise<void> {
    this.#agent?.destroy();
    this.#http2?.destroy();
    await this.#dispatcher?.destroy();
  }

  #http1Call(request: BackendRequest, receiver: CallReceiver): Call {
    const reset = this.#options.route.http.version === '1.0';
    if (this.#needsNode(request)) return this.#nodeCall(request, receiver, reset);
    this.#dispatcher ??= this.#openDispatcher();
    // Nobody else would: undici cannot ask the backend.
    if (request.expectsContinue) receiver.mayContinue();
    const call = new UndiciCall(receiver);
    call.start(this.#dispatcher, request, {
      origin: this.#origin,
      serverName: this.#serverName,
      reset,
      unaskedContinue: () => {
        this.#saysContinue = true;
      },
    });
    return call;
  }

  #http2Call(http2: Http2Session, request: BackendRequest, receiver: CallReceiver): Call {
    const call = new Http2Call(request, this.tls !== undefined, receiver);
    let fallback: Call | undefined;
    const begin = (session: ClientHttp2Session | undefined): void => {
      if (session !== undefined && !call.isOver) {
        call.start(session, () => http2.release());
        return;
      }
      http2.release();
      if (!call.isOver) fallback = this.#http1Call(request, receiver);
    };
    http2
      .take()
      .then(begin, (error: unknown) => {
        http2.release();
        call.fail(error);
      })
      // What node:http cannot send it throws.
      .catch((error: unknown) => call.fail(error));
    return {
      resume: () => (fallback ?? call).resume(),
      abort() {
        call.abort();
        fallback?.abort();
      },
    };
  }

  #needsNode({ body, expectsContinue, takesTrailers }: BackendRequest): boolean {
    if (this.#origin !== undefined) return false;
    // One limit for both kinds of connections would need one queue: such a route has one kind only.
    if (this.#options.route.http.maxConnectionsPerEndpoint > 0 || this.#saysContinue) return true;
    return expectsContinue || takesTrailers || (body !== undefined && body.length === undefined);
  }

  #nodeCall(request: BackendRequest, receiver: CallReceiver, reset: boolean): Call {
    const { address, tls, route, clock } = this.#options;
    this.#agent ??= this.#openAgent();
    const { connectMs } = route.timeouts;
    const target = 'path' in address ? { socketPath: address.path } : { host: address.host, port: address.port };
    const options = { agent: this.#agent, tls: tls !== undefined, target, connectMs, clock, reset };
    return new NodeCall(request, options, receiver);
  }

  #openDispatcher(): Dispatcher {
    const { address, tls, route, keepAliveMs } = this.#options;
    const { maxConnectionsPerEndpoint, connectionLifetimeMs } = route.http;
    const shared = {
      keepAliveTimeout: keepAliveMs,
      // What a backend's `Keep-Alive` says can make it less, never more.
      keepAliveMaxTimeout: keepAliveMs,
      connections: maxConnectionsPerEndpoint === 0 ? null : maxConnectionsPerEndpoint,
      clientTtl: connectionLifetimeMs === 0 ? null : connectionLifetimeMs,
    };
    if (this.#origin !== undefined) {
      const requestTls = tls === undefined ? {} : tlsOptionsOf(tls);
      return new EnvHttpProxyAgent({ ...shared, requestTls, connect: requestTls, proxyTunnel: false });
    }
    const connect = backendConnector({
      address,
      tls,
      connectMs: route.timeouts.connectMs,
      keepAliveMs: route.tcpKeepAliveMs,
    });
    return new Pool(tls === undefined ? 'http://backend' : 'https://backend', {
      ...shared,
      connect,
    });
  }

  #openAgent(): HttpAgent {
    const { tls, route, keepAliveMs, clock } = this.#options;
    const { maxConnectionsPerEndpoint, connectionLifetimeMs } = route.http;
    const options = {
      keepAlive: true,
      timeout: keepAliveMs,
      noDelay: true,
      keepAliveMsecs: route.tcpKeepAliveMs,
      ...(maxConnectionsPerEndpoint === 0 ? {} : { maxSockets: maxConnectionsPerEndpoint }),
    };
    const serverName = this.#serverName;
    const agent =
      tls === undefined
        ? new HttpAgent(options)
        : new HttpsAgent({
            ...options,
            ...tlsOptionsOf(tls),
            ALPNProtocols: ['http/1.1'],
            ...(serverName === undefined ? {} : { servername: serverName }),
          });
    if (connectionLifetimeMs > 0) limitLifetime(agent, connectionLifetimeMs, clock);
    return agent;
  }
}

/** A socket that is too old is not kept for another request. */
function limitLifetime(agent: HttpAgent, lifetimeMs: number, clock: Clock): void {
  const since = new WeakMap<Duplex, number>();
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const openedMs = since.get(socket) ?? clock.now();
    since.set(socket, openedMs);
    if (clock.now() - openedMs > lifetimeMs) return false;
    keep(socket);
    return true;
  };
}

/** .NET: HttpVersionPolicy. Without TLS a version that may be lower is HTTP/1.1. */
function http2Session({ address, tls, route, keepAliveMs, clock }: BackendPoolOptions): Http2Session | undefined {
  const { version, versionPolicy, connectionLifetimeMs: lifetimeMs, useProxy } = route.http;
  const isExact = version === '2.0' && versionPolicy !== 'or-lower';
  const isOffered = tls !== undefined && (version === '2.0' || versionPolicy === 'or-higher');
  if (useProxy || (!isExact && !isOffered)) return undefined;
  const { connectMs } = route.timeouts;
  const { tcpKeepAliveMs } = route;
  return new Http2Session({ address, tls, isExact, connectMs, keepAliveMs, lifetimeMs, tcpKeepAliveMs, clock });
}

function originOf({ host, port }: { readonly host: string; readonly port: number }, tls: boolean): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
