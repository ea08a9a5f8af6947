import * as ws from 'ws';

import { CLOSE_INVALID_PAYLOAD, CLOSE_TOO_BIG, type CloseFault } from '../frames/close-codes.js';
import type { DeflateParameters } from '../handshake/deflate-offer.js';

/** What is used of the implementation in ws, which `@types/ws` leaves out. */
interface Codec {
  params: Readonly<Record<string, true | number>>;
  compress(data: Uint8Array, isFinal: true, done: (error: Error | null, result: Buffer) => void): void;
  decompress(data: Uint8Array, isFinal: true, done: (error: Error | null, result: Buffer) => void): void;
  cleanup(): void;
}
type CodecClass = new (options: {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly zlibDeflateOptions: { readonly level: number; readonly memLevel: number };
}) => Codec;

const { PerMessageDeflate } = ws as unknown as { readonly PerMessageDeflate: CodecClass };

/** Quick rather than small: a message waits for it. */
const LEVEL = 3;
/** zlib's hash table as large as its window: 2^(memLevel + 9) bytes beside 2^(windowBits + 2). */
const MEM_LEVEL_BELOW_WINDOW = 7;
/** The codec keeps its limit in 31 bits. */
const MAX_LIMIT = 0x7fff_ffff;

/** What {@link MessageDeflate} is made of. */
export interface DeflateInit {
  readonly parameters: DeflateParameters;
  /** Towards a client the gateway is the server. */
  readonly isServer: boolean;
  readonly thresholdBytes: number;
  /** Largest message, decompressed. */
  readonly maxMessageBytes: number;
}

/**
 * permessage-deflate with one side of a session (RFC 7692), by ws on the thread pool. Contexts of zlib are made when
 * the first message needs them. Of each direction one message at a time.
 */
export class MessageDeflate {
  readonly #codec: Codec;
  readonly #thresholdBytes: number;
  readonly #maxMessageBytes: number;
  #busy = 0;
  #isDisposed = false;

  constructor({ parameters, isServer, thresholdBytes, maxMessageBytes }: DeflateInit) {
    const ownBits = isServer ? parameters.serverWindowBits : parameters.clientWindowBits;
    this.#thresholdBytes = thresholdBytes;
    this.#maxMessageBytes = maxMessageBytes;
    this.#codec = new PerMessageDeflate({
      isServer,
      maxPayload: Math.min(maxMessageBytes, MAX_LIMIT),
      zlibDeflateOptions: { level: LEVEL, memLevel: Math.max(1, ownBits - MEM_LEVEL_BELOW_WINDOW) },
    });
    this.#codec.params = {
      ...(parameters.serverNoContextTakeover ? { server_no_context_takeover: true } : {}),
      ...(parameters.clientNoContextTakeover ? { client_no_context_takeover: true } : {}),
      server_max_window_bits: parameters.serverWindowBits,
      client_max_window_bits: parameters.clientWindowBits,
    };
  }

  /** Whether a message of this size is worth compressing. */
  pays(bytes: number): boolean {
    return bytes > 0 && bytes >= this.#thresholdBytes;
  }

  /** Compresses a message. `done` gets undefined when the session ended meanwhile. */
  compress(data: Uint8Array, done: (compressed: Buffer | undefined) => void): void {
    if (this.#isDisposed) return done(undefined);
    this.#busy += 1;
    this.#codec.compress(data, true, (error, result) => {
      this.#finished();
      done(error === null || error === undefined ? result : undefined);
    });
  }

  /** Decompresses a message, up to the limit and no further (S21). `done` gets the message or what is wrong with it. */
  decompress(data: Uint8Array, done: (result: Buffer | CloseFault) => void): void {
    if (this.#isDisposed) return done(BROKEN);
    this.#busy += 1;
    this.#codec.decompress(data, true, (error, result) => {
      this.#finished();
      if (error === null || error === undefined) done(result);
      else done(isTooLarge(error) ? tooLarge(this.#maxMessageBytes) : BROKEN);
    });
  }

  /** Gives the contexts back, once nothing uses them any more. Idempotent. */
  dispose(): void {
    this.#isDisposed = true;
    if (this.#busy === 0) this.#codec.cleanup();
  }

  #finished(): void {
    this.#busy -= 1;
    if (this.#isDisposed) this.dispose();
  }
}

/** The fault of a message above the limit. */
export function tooLarge(maxMessageBytes: number): CloseFault {
  return {
    closeCode: CLOSE_TOO_BIG,
    rule: `a message of more than ${maxMessageBytes} bytes (MaxMessageBytes)`,
    limit: 'too-big',
  };
}

const BROKEN: CloseFault = {
  closeCode: CLOSE_INVALID_PAYLOAD,
  rule: 'a compressed message cannot be decompressed (RFC 7692 §7.2.2)',
};

function isTooLarge(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}
