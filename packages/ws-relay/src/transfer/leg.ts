// Hot path: `bytes` and `write` run once per chunk that a socket delivers. This is the only module that reads from and
// writes to sockets; it uses nothing but the public stream interface. Faster primitives (a shared read buffer, direct
// writes) belong here and nowhere else. Nothing may be allocated per chunk.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a leg tells its present owner. Calls come in this order of life: bytes and drained, ended, closed. */
export interface LegReceiver {
  /** The next bytes. They are the receiver's to keep or to write elsewhere, but not to change. */
  bytes(chunk: Buffer): void;
  /** The queue that made `write` return false is empty again. */
  drained(): void;
  /** The peer's FIN, after all its bytes. The other direction may still be open. */
  ended(): void;
  /** The socket is gone; `error` is why, when it did not end in order. Nothing follows. */
  closed(error: Error | undefined): void;
}

/**
 * One socket of a connection through the gateway, from its first moment to its last: the client's leg or the
 * backend's. It listens for errors as soon as it exists, so nothing can go unheard; who receives is exchanged as the
 * connection goes from handshake to transfer ({@link Leg.attach}).
 */
export class Leg {
  readonly socket: Duplex;
  #receiver: LegReceiver;
  #error: Error | undefined;
  #bytesReceived = 0;
  #isFinished = false;
  #hasEnded = false;
  #isClosed = false;

  constructor(socket: Duplex, receiver: LegReceiver) {
    this.socket = socket;
    this.#receiver = receiver;
    socket.on('error', (error: Error) => {
      this.#error ??= error;
    });
    // A FIN from the peer must not end our own direction: what is queued for it still has to go out.
    socket.allowHalfOpen = true;
    socket.on('data', (chunk: Buffer) => {
      this.#bytesReceived += chunk.length;
      this.#receiver.bytes(chunk);
    });
    socket.on('drain', () => this.#receiver.drained());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#receiver.ended();
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#receiver.closed(this.#error);
    });
  }

  /** Bytes received so far; together with the other leg's it tells whether a connection is idle. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }
  /** Bytes that wait in this process to be sent. */
  get bytesQueued(): number {
    return this.socket.writableLength;
  }
  /** Whether the peer's FIN was read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  get isClosed(): boolean {
    return this.#isClosed || this.socket.destroyed;
  }

  /** Hands the leg to its next owner. What happened before is read from `hasEnded` and `isClosed`. */
  attach(receiver: LegReceiver): void {
    this.#receiver = receiver;
  }

  /** Turns delays off and the operating system's keep-alive on, where the socket knows them. */
  tune(keepAliveMs: number): void {
    if (!(this.socket instanceof Socket)) return;
    this.socket.setTimeout(0);
    this.socket.setNoDelay(true);
    this.socket.setKeepAlive(keepAliveMs > 0, keepAliveMs);
  }

  /** Sends bytes. @returns false when the source should pause until `drained`; what cannot go out any more is dropped. */
  write(bytes: Buffer | string, encoding: BufferEncoding = 'utf8'): boolean {
    if (this.#isFinished || this.socket.destroyed || !this.socket.writable) return true;
    return this.socket.write(bytes, encoding);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends FIN behind everything that is queued. Idempotent. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (!this.socket.destroyed) this.socket.end();
  }

  /** Cuts the connection now; what is queued is lost. Idempotent. */
  destroy(): void {
    this.#isFinished = true;
    this.socket.destroy();
  }
}
