// Runs once per connection, where balancers speak the PROXY protocol.

import type { Socket } from 'node:net';

import { type Gateway, compileTrustedPeers } from '@ocelot/core';

import { FloodLog } from './flood-log.js';
import { announcePeer } from './peer.js';
import { type ProxyHeader, ProxyHeaderError } from './proxy-announcement.js';
import { readProxyHeader } from './proxy-header.js';

/**
 * Takes connections that begin with a PROXY protocol header (`Gateway.ProxyProtocol`), reads it, and hands them on with
 * the announced client as their peer; bytes behind the header are kept. A connection is cut, and the log told, when it
 * begins otherwise, when the header takes longer than `HeadersTimeoutMs`, or when its peer is not in `TrustedProxies`,
 * where that lists anybody. One that ends before its first byte is a health check: nobody is told.
 *
 * Each connection must have an error listener. It belongs to `accepted` once that was called, synchronously with the
 * last byte of the header.
 */
export function proxyAcceptor(gateway: Gateway, accepted: (socket: Socket) => void): (socket: Socket) => void {
  const refusals = new FloodLog(gateway.log, 'a connection was closed: only balancers may connect (ProxyProtocol)');
  const trust = new ReloadedTrust(gateway);
  return (socket) => {
    const peer = socket.remoteAddress ?? '';
    const refuse = (reason: string): void => {
      socket.destroy();
      refusals.note({ peer, reason });
    };
    if (trust.mayConnect(peer)) awaitHeader(socket, gateway.settings.listener.headersTimeoutMs, accepted, refuse);
    else refuse('its peer is not in TrustedProxies');
  };
}

function awaitHeader(
  socket: Socket,
  limitMs: number,
  accepted: (socket: Socket) => void,
  refuse: (reason: string) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const release = (): void => {
    clearTimeout(timer);
    socket.off('readable', read).off('end', ended).off('close', release);
  };
  const fail = (reason: string): void => {
    release();
    refuse(reason);
  };
  const ended = (): void => {
    if (bytes.length > 0) fail('it ended within its PROXY header');
    else socket.destroy();
  };
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const header = readOr(bytes, fail);
    if (header === undefined) return;
    release();
    if (header.client !== undefined) announcePeer(socket, header.client);
    if (bytes.length > header.size) socket.unshift(bytes.subarray(header.size));
    accepted(socket);
  };
  const timer = setTimeout(() => fail(`no whole PROXY header came within ${limitMs} ms`), limitMs);
  socket.on('readable', read).on('end', ended).on('close', release);
}

/** @returns undefined when there is no header yet, or never will be. */
function readOr(bytes: Buffer, fail: (reason: string) => void): ProxyHeader | undefined {
  try {
    return readProxyHeader(bytes);
  } catch (error) {
    if (!(error instanceof ProxyHeaderError)) throw error;
    fail(error.message);
    return undefined;
  }
}

/** Who may speak the protocol, by the configuration in force. */
class ReloadedTrust {
  readonly #gateway: Gateway;
  #entries: readonly string[] = [];
  #isTrusted: (address: string) => boolean = () => true;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  mayConnect(address: string): boolean {
    const { trustedProxies } = this.#gateway.settings;
    if (trustedProxies !== this.#entries) {
      this.#entries = trustedProxies;
      this.#isTrusted = trustedProxies.length > 0 ? compileTrustedPeers(trustedProxies) : () => true;
    }
    return this.#isTrusted(address);
  }
}
