import { Duplex } from 'node:stream';

/** One end of a {@link duplexPair}: what is written to it is read from the other end. */
class PairedDuplex extends Duplex {
  #other: PairedDuplex | undefined;
  #pending: (() => void) | undefined;

  pairWith(other: PairedDuplex): void {
    this.#other = other;
  }
  override _read(): void {
    const resume = this.#pending;
    this.#pending = undefined;
    resume?.();
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const other = this.#other;
    if (other === undefined || other.destroyed) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      return;
    }
    // Completion waits for the reader, as a socket's write waits for the receiver's window.
    if (chunk.length > 0) other.receive(Buffer.from(chunk), done);
    else done();
  }
  override _final(done: () => void): void {
    const other = this.#other;
    if (other !== undefined && !other.destroyed) other.push(null);
    done();
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.#other;
    done(error);
    if (other === undefined || other.destroyed || other.readableEnded) return;
    setImmediate(() => {
      if (!other.destroyed) other.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    });
  }
  receive(chunk: Buffer, done: () => void): void {
    this.#pending = done;
    this.push(chunk);
  }
}

/** Two connected in-memory streams with backpressure, half-close and reset: protocol tests without ports. */
export function duplexPair(highWaterMark = 16_384): readonly [Duplex, Duplex] {
  const left = new PairedDuplex({ highWaterMark, allowHalfOpen: true });
  const right = new PairedDuplex({ highWaterMark, allowHalfOpen: true });
  left.pairWith(right);
  right.pairWith(left);
  return [left, right];
}
