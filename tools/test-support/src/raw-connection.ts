import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';

import { within } from './deadline.js';
import { decodeFrame, encodeFrame, type Frame, type FrameParts } from './frames.js';
import { parseHead, readHttpBody, type RawHead } from './http-text.js';

/** How a connection ended, seen from here: FIN, an error such as ECONNRESET, or our own close. */
export interface ConnectionEnd {
  readonly finReceived: boolean;
  readonly error: Error | undefined;
}

/**
 * One connection under a test's full control: bytes in, bytes out, no protocol in between. Both the raw client and the
 * connections of a scripted backend are one. It reads all the time unless {@link pause} was called; every wait ends
 * with a message that says what did not come.
 */
export class RawConnection {
  readonly socket: Duplex;
  /** Fulfilled once the socket is closed; never rejected. */
  readonly closed: Promise<ConnectionEnd>;
  /** Fulfilled once the other side's FIN was read, or the socket closed. */
  readonly ended: Promise<void>;
  #chunks: Buffer[] = [];
  #size = 0;
  #finReceived = false;
  #isClosed = false;
  #error: Error | undefined;
  #bytesReceived = 0;
  #wake: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('error', (error: Error) => {
      this.#error = error;
    });
    socket.on('data', (chunk: Buffer) => {
      this.#bytesReceived += chunk.length;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#notify();
    });
    this.ended = new Promise((resolve) => {
      socket.once('end', () => {
        this.#finReceived = true;
        this.#notify();
        resolve();
      });
      socket.once('close', () => resolve());
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#notify();
        resolve({ finReceived: this.#finReceived, error: this.#error });
      });
    });
  }

  /** Bytes that arrived and were not read yet. */
  get unread(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    if (this.#chunks.length < 2) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }
  get bytesReceived(): number {
    return this.#bytesReceived;
  }
  get finReceived(): boolean {
    return this.#finReceived;
  }
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends bytes as they are. @returns false when the socket asks to wait. */
  send(bytes: Buffer | string): boolean {
    return this.socket.write(bytes);
  }
  /** Sends one write per piece, each given time to travel alone. */
  async sendInPieces(pieces: readonly (Buffer | string)[]): Promise<void> {
    for (const piece of pieces) {
      this.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  sendFrame(parts: FrameParts): boolean {
    return this.send(encodeFrame(parts));
  }
  /** Stops reading: the other side's writes pile up. */
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
  /** Sends FIN after what was sent; goes on reading. */
  end(): void {
    this.socket.end();
  }
  /** Ends the connection with RST, or by destroying what is not a TCP socket. */
  reset(): void {
    if (this.socket instanceof Socket) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
  destroy(): void {
    this.socket.destroy();
  }

  /** Takes exactly `count` bytes. */
  async readBytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#size >= count, `${count} bytes`);
    return this.#take(count);
  }
  /** Takes everything up to the end of the connection. */
  async readToEnd(): Promise<Buffer> {
    await this.#until(() => this.#finReceived || this.#isClosed, 'the end of the connection');
    return this.#take(this.#size);
  }
  /** Takes one HTTP head, request or response, up to its blank line. */
  async readHead(): Promise<RawHead> {
    await this.#until(() => this.unread.includes('\r\n\r\n'), 'an HTTP head');
    return parseHead(this.#take(this.unread.indexOf('\r\n\r\n') + 4).toString('latin1'));
  }
  /** Takes the body that belongs to `head`; fails when it is cut short. */
  async readBody(head: RawHead): Promise<Buffer> {
    const length = head.get('content-length');
    if (length !== undefined && head.get('transfer-encoding') === undefined) return this.readBytes(Number(length));
    let body = readHttpBody(head, this.unread, this.#finReceived);
    while (body === undefined) {
      const seen = this.#bytesReceived;
      await this.#until(() => this.#bytesReceived > seen || this.#finReceived, 'the rest of a body');
      body = readHttpBody(head, this.unread, this.#finReceived);
      if (body === undefined && this.#finReceived) throw new Error('the connection ended inside a body');
    }
    this.#take(body.size);
    return body.content;
  }
  /** Takes one frame, unmasked. */
  async readFrame(): Promise<Frame> {
    await this.#until(() => decodeFrame(this.unread) !== undefined, 'a frame');
    const decoded = decodeFrame(this.unread);
    if (decoded === undefined) throw new Error('no frame');
    this.#take(decoded.size);
    return decoded.frame;
  }
  /** Takes `count` frames. */
  async readFrames(count: number): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) frames.push(await this.readFrame());
    return frames;
  }

  #take(count: number): Buffer {
    const whole = this.unread;
    this.#chunks = count < whole.length ? [whole.subarray(count)] : [];
    this.#size = whole.length - count;
    return whole.subarray(0, count);
  }
  #notify(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
  async #until(ready: () => boolean, what: string): Promise<void> {
    const wait = async (): Promise<void> => {
      while (!ready()) {
        if (this.#finReceived || this.#isClosed) {
          const why = this.#error === undefined ? 'ended' : `failed (${this.#error.message})`;
          throw new Error(`the connection ${why} before ${what} came; unread: ${JSON.stringify(this.#preview())}`);
        }
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    };
    await within(wait(), `${what}; unread: ${JSON.stringify(this.#preview())}`);
  }
  #preview(): string {
    return this.unread.subarray(0, 300).toString('latin1');
  }
}
