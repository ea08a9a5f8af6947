import type { FirstMessageOptions, Message, UpgradeRequest } from '@ocelot/core';

import { EarlyAccept, type EarlyAcceptInit } from './early-accept.js';

/**
 * What stands behind {@link UpgradeRequest.firstMessage} of one request. The request lives as long as its session, so
 * this lets go of the handshake once that is decided.
 */
export class FirstMessageCall {
  #init: Omit<EarlyAcceptInit, 'key'> | undefined;
  #request: UpgradeRequest | undefined;
  #accepted: EarlyAccept | undefined;

  constructor(init: Omit<EarlyAcceptInit, 'key'>) {
    this.#init = init;
  }

  /** The client that was accepted early; undefined: it waits for its answer. */
  get accepted(): EarlyAccept | undefined {
    return this.#accepted;
  }

  /** Whose call it is. Before the request is given to anybody. */
  belongsTo(request: UpgradeRequest): void {
    this.#request = request;
  }

  /** For the request. */
  readonly ask = (options: FirstMessageOptions): Promise<Message> => {
    const init = this.#init;
    const request = this.#request;
    const { subprotocol } = options;
    if (init === undefined || request === undefined || this.#accepted !== undefined) {
      return Promise.reject(new Error('the first message can be asked for once, while a request is being admitted'));
    }
    if (subprotocol !== undefined && !request.protocols.includes(subprotocol)) {
      return Promise.reject(new Error('a client can only be told a subprotocol that it offered (RFC 6455 §4.2.2)'));
    }
    if (init.abort.aborted) return Promise.reject(init.abort.reason);
    this.#accepted = new EarlyAccept({ ...init, key: request.key }, options);
    return this.#accepted.message;
  };

  /** The request is admitted, or refused. */
  over(): void {
    this.#init = undefined;
    this.#request = undefined;
    this.#accepted = undefined;
  }
}
