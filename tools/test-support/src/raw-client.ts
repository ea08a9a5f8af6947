import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import { within } from './deadline.js';
import type { RawHead } from './http-text.js';
import { RawConnection } from './raw-connection.js';
import { upgradeHead, type UpgradeHeadOptions } from './upgrade-head.js';

/** A plain TCP client that speaks only what a test tells it to. */
export class RawClient extends RawConnection {
  /** Sends a handshake and reads the answer's head, whatever it is. */
  async upgrade(options: UpgradeHeadOptions = {}): Promise<RawHead> {
    this.send(upgradeHead(options));
    return this.readHead();
  }
}

/** Where a raw client connects to. */
export interface RawClientOptions {
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** Connects to a Unix-domain socket instead, whatever the port is. */
  readonly path?: string;
  /** Connect with TLS. */
  readonly tls?: ConnectionOptions;
}

/**
 * Connects and hands over the bare connection. It stays half-open after the other side's FIN, as a client that still
 * has something to say does; close it with `destroy()`.
 */
export async function rawClient(port: number, options: RawClientOptions = {}): Promise<RawClient> {
  const host = options.host ?? '127.0.0.1';
  const target = { ...(options.path === undefined ? { port, host } : { path: options.path }), allowHalfOpen: true };
  const socket: Socket = options.tls === undefined ? connect(target) : connectTls({ ...target, ...options.tls });
  socket.setNoDelay(true);
  await within(
    once(socket, options.tls === undefined ? 'connect' : 'secureConnect'),
    `a connection to ${options.path ?? `${host}:${port}`}`,
  );
  return new RawClient(socket);
}
