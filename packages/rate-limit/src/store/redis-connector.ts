import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { AbstractConnector } from 'ioredis';

import type { RedisTls } from './store-settings.js';

/** How long a connection may take to end in order, in milliseconds. */
const END_MS = 1000;

/** How a client of Redis is told to connect: it makes one for itself. */
export type RedisConnectorClass = new () => AbstractConnector;

/**
 * Makes the sockets of a client of Redis. Its own way hears one error of a socket and no second one, and a TLS
 * handshake that ends over a certificate now and then has two: the second one would end the process.
 * @param url Of the server.
 */
export function redisConnector(url: string, tls: RedisTls | undefined): RedisConnectorClass {
  const { hostname, port } = new URL(url);
  const address = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 6379 : Number(port) };
  return class extends AbstractConnector {
    constructor() {
      super(END_MS);
    }

    connect(): Promise<Socket> {
      this.connecting = true;
      const stream = tls === undefined ? connect(address) : connectTls({ ...tls, ...address });
      stream.on('error', (error) => (this.firstError ??= error));
      this.stream = stream;
      return Promise.resolve(stream);
    }
  };
}
