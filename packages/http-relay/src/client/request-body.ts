// Per chunk of an upload: one count, one push. No copy, no timer.
import { Readable } from 'node:stream';

import { GatewayError } from '@ocelot/core';

import type { ClientRequest } from './client-message.js';

/** What a body needs to know of its request. */
export interface RequestBodyOptions {
  /** `Content-Length` as received; undefined when the length is unknown. */
  readonly length: string | undefined;
  /** More is refused; 0: no limit. */
  readonly maxBytes: number;
  /** Called for each chunk, and once at the end. */
  readonly progressed: () => void;
}

/**
 * The body of a client's request on its way to a backend. Reads nothing of the client before somebody reads it, pauses
 * the client when nobody does, and never touches the client's connection: that is its owner's to close.
 *
 * Ends with an error when the client leaves in the middle (CLIENT_GONE) or sends too much (BODY_TOO_BIG).
 */
export class RequestBody extends Readable {
  readonly length: string | undefined;
  readonly #request: ClientRequest;
  readonly #options: RequestBodyOptions;
  #isAttached = false;
  #isWhole = false;
  #isWanted = false;
  #bytes = 0;

  constructor(request: ClientRequest, options: RequestBodyOptions) {
    super();
    this.#request = request;
    this.#options = options;
    this.length = options.length;
    // Whoever reads the body adds a listener of his own; before that its end is nobody's fault.
    this.on('error', () => undefined);
  }

  /** Bytes taken from the client so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing was taken from the client: another attempt may still send the whole. */
  get isUntouched(): boolean {
    return !this.#isAttached;
  }

  /** Whether everything was taken from the client. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether it is the client that is waited for. */
  get isClientsTurn(): boolean {
    return this.#isWanted && !this.#isWhole;
  }

  /** Name, value, …, once whole. */
  get trailers(): readonly string[] {
    return this.#request.rawTrailers;
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#isAttached) this.#request.resume();
    else this.#attach();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#detach();
    callback(error);
  }

  #attach(): void {
    this.#isAttached = true;
    const request = this.#request;
    if (request.destroyed && !request.readableEnded) {
      this.destroy(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
      return;
    }
    request.on('data', this.#take);
    request.on('end', this.#end);
    request.on('close', this.#leave);
    request.resume();
  }

  #detach(): void {
    if (!this.#isAttached) return;
    const request = this.#request;
    request.off('data', this.#take);
    request.off('end', this.#end);
    request.off('close', this.#leave);
    if (!this.#isWhole) request.pause();
  }

  readonly #take = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    const { maxBytes, progressed } = this.#options;
    progressed();
    if (maxBytes > 0 && this.#bytes > maxBytes) this.destroy(bodyTooBig(maxBytes));
    else if (!this.push(chunk)) {
      this.#isWanted = false;
      this.#request.pause();
    }
  };

  readonly #end = (): void => {
    this.#isWhole = true;
    this.#detach();
    this.#options.progressed();
    this.push(null);
  };

  readonly #leave = (): void => {
    this.destroy(new GatewayError('OCELOT_ERR_CLIENT_GONE'));
  };
}

/** What a body beyond the limit is refused with. */
export function bodyTooBig(maxBytes: number): GatewayError {
  return new GatewayError('OCELOT_ERR_BODY_TOO_BIG', { details: { limitBytes: maxBytes } });
}
