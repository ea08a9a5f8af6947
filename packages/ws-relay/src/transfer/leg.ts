// Hot path: `readDirect` and `write` run once per chunk. This is the only module that reads from and writes to sockets:
// directly where that was proven to work (direct-io.ts), else by the public stream interface. Nothing may be allocated
// per chunk.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import {
  directHandle,
  type DirectHandle,
  type DirectReader,
  isDirectIoProven,
  startReading,
  stopReading,
  takeOver,
  writeDirect,
} from './direct-io.js';
import { holdBytes, releaseBytes } from './held-bytes.js';

/** What a leg tells its present owner. Calls come in this order of life: bytes and drained, ended, closed. */
export interface LegReceiver {
  /** The next bytes. They lie in a buffer that is used again: valid during the call only; who keeps them copies them. */
  bytes(chunk: Buffer): void;
  /** The queue that made `write` return false is empty again. */
  drained(): void;
  /** The peer's FIN, after all its bytes. The other direction may still be open. */
  ended(): void;
  /** The socket is gone; `error` is why, when it did not end in order. Nothing follows. */
  closed(error: Error | undefined): void;
}

const LEG: unique symbol = Symbol('leg');

/** A socket that knows its leg: listeners that all sockets share save three closures on each. */
interface Carrier extends Duplex {
  [LEG]?: Leg;
}

function onError(this: Carrier, error: Error): void {
  this[LEG]?.socketFailed(error);
}

function onEnd(this: Carrier): void {
  this[LEG]?.socketEnded();
}

function onClose(this: Carrier): void {
  this[LEG]?.socketClosed();
}

/**
 * One socket of a connection through the gateway, from its first moment to its last: the client's leg or the
 * backend's. It listens for errors as soon as it exists, so nothing can go unheard; who receives is exchanged as the
 * connection goes from handshake to transfer ({@link Leg.attach}).
 */
export class Leg implements DirectReader {
  readonly socket: Duplex;
  nodeOnRead: DirectHandle['onread'] = ignore;
  bytesReadBefore = 0;
  isWide = false;
  #receiver: LegReceiver;
  #handle: DirectHandle | undefined;
  #error: Error | undefined;
  #bytesReceived = 0;
  #isDirect: boolean;
  /** The kernel's buffer was full: what is written now stands behind what waits. */
  #isQueueing = false;
  /** Its owner does not take more for now. */
  #isHeld = false;
  /** How many plugins want nothing of it for now. */
  #blocks = 0;
  #isWriteBroken = false;
  #isFinished = false;
  #hasEnded = false;
  #isClosed = false;

  /**
   * @param socket Connected, or connecting; then {@link Leg.open} is called once it is connected.
   * @param mayBeDirect Whether the socket may be read and written below its stream, where that is possible.
   */
  constructor(socket: Duplex, receiver: LegReceiver, mayBeDirect = true) {
    this.socket = socket;
    this.#receiver = receiver;
    this.#isDirect = mayBeDirect && isDirectIoProven();
    const carrier: Carrier = socket;
    carrier[LEG] = this;
    socket.on('error', onError);
    // A FIN from the peer must not end our own direction: what is queued for it still has to go out.
    socket.allowHalfOpen = true;
    socket.on('end', onEnd);
    socket.on('close', onClose);
    if (!(socket instanceof Socket) || !socket.connecting) this.open();
  }

  /** Starts reading. Once, when the socket is connected. */
  open(): void {
    const handle = this.#isDirect ? directHandle(this.socket) : undefined;
    if (handle === undefined) {
      this.#isDirect = false;
      this.socket.on('data', (chunk: Buffer) => {
        this.#bytesReceived += chunk.length;
        this.#receiver.bytes(chunk);
      });
      this.socket.on('drain', () => this.#receiver.drained());
      return;
    }
    this.#handle = handle;
    this.nodeOnRead = handle.onread;
    this.bytesReadBefore = handle.bytesRead;
    takeOver(handle, this);
  }

  /** Whether a plugin wants nothing of it for now: its silence says nothing. */
  get isBlocked(): boolean {
    return this.#blocks > 0;
  }
  /** Bytes received so far; together with the other leg's it tells whether a connection is idle. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }
  /** Bytes that wait in this process to be sent. */
  get bytesQueued(): number {
    return this.socket.writableLength;
  }
  /** Whether the gateway holds the peer back: it does not read what comes. */
  get isPaused(): boolean {
    return this.#handle === undefined ? this.socket.isPaused() : !this.#handle.reading;
  }
  /** Whether the peer's FIN was read. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }
  get isClosed(): boolean {
    return this.#isClosed || this.socket.destroyed;
  }
  /** Whether the stream is passed by. */
  get isDirect(): boolean {
    return this.#isDirect;
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

  /**
   * Sends bytes; nothing of them is kept after the call.
   * @returns false when the source should pause until `drained`; what cannot go out any more is dropped.
   */
  write(bytes: Buffer | string, encoding: BufferEncoding = 'utf8'): boolean {
    if (this.#isFinished || this.#isWriteBroken || this.socket.destroyed) return true;
    if (typeof bytes === 'string') return this.#send(Buffer.from(bytes, encoding));
    // The stream would keep the bytes; they are the caller's again after the call.
    return this.#send(this.#handle === undefined ? Buffer.from(bytes) : bytes);
  }

  #send(bytes: Buffer): boolean {
    if (this.#handle === undefined) return !this.socket.writable || this.socket.write(bytes);
    if (this.#isQueueing) return this.#queue(bytes, 0);
    let written: number;
    try {
      written = writeDirect(this.#handle.fd, bytes);
    } catch (error) {
      this.#breakWriting(error as Error);
      return true;
    }
    return written === bytes.length || this.#queue(bytes, written);
  }

  /** Reads no more: whoever takes what comes cannot keep up. Idempotent. */
  pause(): void {
    this.#isHeld = true;
    this.#stopReading();
  }

  /** Takes {@link Leg.pause} back. Idempotent. */
  resume(): void {
    this.#isHeld = false;
    if (this.#blocks === 0) this.#startReading();
  }

  /** Reads no more until as many {@link Leg.unblock}: for reasons beside whether the owner keeps up. */
  block(): void {
    this.#blocks += 1;
    this.#stopReading();
  }

  /** Takes one {@link Leg.block} back, where there is one. */
  unblock(): void {
    if (this.#blocks === 0) return;
    this.#blocks -= 1;
    if (this.#blocks === 0 && !this.#isHeld) this.#startReading();
  }

  /** Takes every {@link Leg.block} back: who ends reads on. */
  unblockAll(): void {
    if (this.#blocks === 0) return;
    this.#blocks = 1;
    this.unblock();
  }

  #stopReading(): void {
    if (this.#handle === undefined) this.socket.pause();
    else if (!this.socket.destroyed) stopReading(this.#handle);
  }

  #startReading(): void {
    if (this.#handle === undefined) this.socket.resume();
    else if (!this.#handle.reading && !this.#hasEnded && !this.socket.destroyed) startReading(this.#handle);
  }

  /** Sends FIN behind everything that is queued. Idempotent. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (!this.socket.destroyed) this.socket.end();
  }

  /**
   * Ends behind everything that is queued, when nothing is expected from the peer any more. To close a TCP connection
   * while it still sends would take away what it has not read yet, so that is left to it.
   */
  hangUp(): void {
    this.finish();
  }

  /** Cuts the connection now; what is queued is lost. Idempotent. */
  destroy(): void {
    this.#isFinished = true;
    this.socket.destroy();
  }

  /** The socket's own events; called by its listeners only. */
  socketFailed(error: Error): void {
    this.#error ??= error;
  }

  socketEnded(): void {
    this.#hasEnded = true;
    this.#receiver.ended();
    if (this.#isWriteBroken) this.socket.destroy();
  }

  socketClosed(): void {
    this.#isClosed = true;
    this.#handle = undefined;
    this.#receiver.closed(this.#error);
  }

  readDirect(chunk: Buffer): boolean {
    this.#bytesReceived += chunk.length;
    this.#receiver.bytes(chunk);
    // Whoever could not pass everything on has paused the leg.
    return this.#handle?.reading === true;
  }

  /** Leaves to Node's stream what the kernel did not take. */
  #queue(chunk: Buffer, from: number): false {
    this.#isQueueing = true;
    // Copied: the bytes lie in a buffer that the next read overwrites.
    const held = holdBytes(chunk.subarray(from));
    this.socket.write(held, () => {
      releaseBytes(held);
      if (!this.#isQueueing || this.socket.writableLength > 0) return;
      this.#isQueueing = false;
      this.#receiver.drained();
    });
    return false;
  }

  /**
   * The peer takes nothing any more. What it sent before may still wait to be read, so the socket stays until its
   * reading ends too, which a broken connection does by itself.
   */
  #breakWriting(error: Error): void {
    this.#isWriteBroken = true;
    this.#error ??= error;
    if (this.#hasEnded) this.socket.destroy(error);
  }
}

function ignore(): undefined {}
