import { type Clock, type FirstMessageOptions, type Gateway, GatewayError, type Message } from '@ocelot/core';

import { closeStatusOf } from '../close-status.js';
import type { CloseStatus } from '../frames/close-codes.js';
import { encodeCloseFrame, encodeControlFrame } from '../frames/frame-encoder.js';
import { OPCODE_PONG } from '../frames/opcodes.js';
import type { Timed, TimerWheel } from '../timer-wheel.js';
import { acceptKey } from './accept-key.js';
import type { ClientHandshake } from './client-handshake.js';
import { FirstMessageReader } from './first-message-reader.js';
import type { HandshakeAbort } from './handshake-abort.js';
import type { HandshakeDeadline } from './handshake-deadline.js';
import { linger } from './linger.js';

/** How often a waiting client is looked at: whether the gateway drains. */
const LOOK_MS = 500;

/** What accepting a client early needs. */
export interface EarlyAcceptInit {
  readonly client: ClientHandshake;
  /** `Sec-WebSocket-Key` of the client. */
  readonly key: string;
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly abort: HandshakeAbort;
  readonly deadline: HandshakeDeadline;
}

/**
 * A client whose WebSocket stands before its backend is known ({@link UpgradeRequest.firstMessage}): reads its first
 * message, keeps what stands behind it, and says with Close frames what cannot be answered any more.
 */
export class EarlyAccept implements Timed {
  dueMs: number = Infinity;
  place = 0;
  /** What the client was told. */
  readonly subprotocol: string | undefined;
  /** The client's first message; rejected with the GatewayError that says why there is none. */
  readonly message: Promise<Message>;
  readonly #init: EarlyAcceptInit;
  readonly #forwards: boolean;
  readonly #endMs: number;
  readonly #reader: FirstMessageReader;
  #state: 'waiting' | 'heard' | 'failed' = 'waiting';
  #failure: unknown;
  /** The client has said goodbye, and was answered. */
  #hasSaidGoodbye = false;
  #resolve: (message: Message) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** Accepts the client at once, without extensions. */
  constructor(init: EarlyAcceptInit, { subprotocol, timeoutMs, maxBytes, forward }: FirstMessageOptions) {
    const { client, clock, deadline, abort, key, wheel } = init;
    this.#init = init;
    this.subprotocol = subprotocol;
    this.#forwards = forward;
    this.#endMs = clock.now() + timeoutMs;
    this.#reader = new FirstMessageReader(maxBytes, (payload) => {
      client.leg.write(encodeControlFrame(OPCODE_PONG, payload, false));
    });
    this.message = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A stage that does not wait for it hears of its end by `assertHeard`.
    this.message.catch(() => undefined);
    // The time that a client takes is not that of the handshake: it has a limit of its own.
    deadline.hold();
    const headers = subprotocol === undefined ? [] : ['Sec-WebSocket-Protocol', subprotocol];
    client.accept({ acceptKey: acceptKey(key), headers, subprotocol });
    abort.addEventListener('abort', this.#aborted);
    wheel.set(this, Math.min(this.#endMs, clock.now() + LOOK_MS));
    client.watch.readWith(this.#read);
  }

  /** @throws GatewayError when there is no message: whoever asked for it went on all the same. */
  assertHeard(): void {
    if (this.#state === 'heard') return;
    throw this.#failure ?? new Error('a stage asked for the first message, and did not wait for it');
  }

  sweep(nowMs: number): number {
    if (this.#state !== 'waiting') return Infinity;
    if (this.#init.gateway.isDraining) this.#fail(new GatewayError('OCELOT_ERR_DRAINING'));
    else if (nowMs >= this.#endMs) this.#fail(new GatewayError('OCELOT_ERR_FIRST_MESSAGE_TIMEOUT'));
    else return Math.min(this.#endMs, nowMs + LOOK_MS);
    return Infinity;
  }

  /** Ends the connection with the Close that an error becomes; of a client that has left, nothing is left to tell. */
  refuse(error: GatewayError): void {
    if (error.code === 'OCELOT_ERR_CLIENT_GONE' && !this.#hasSaidGoodbye) this.#init.client.leg.destroy();
    else this.close(closeStatusOf(error));
  }

  /** Ends the connection with a Close. */
  close({ code, reason }: CloseStatus): void {
    const { client, clock } = this.#init;
    if (!this.#hasSaidGoodbye) client.leg.write(encodeCloseFrame(code, reason, false));
    linger(client.leg, clock);
  }

  readonly #aborted = (): void => this.#fail(this.#init.abort.reason);

  readonly #read = (chunk: Buffer): void => {
    const { client, deadline } = this.#init;
    try {
      const outcome = this.#reader.push(chunk);
      if (outcome === undefined) return;
      if (outcome.kind === 'close') {
        this.#hasSaidGoodbye = true;
        client.leg.write(encodeCloseFrame(outcome.status.code, outcome.status.reason, false));
        this.#fail(new GatewayError('OCELOT_ERR_CLIENT_GONE', { details: { closeCode: outcome.status.code } }));
        return;
      }
      this.#settle('heard');
      client.watch.giveBack(this.#forwards ? [outcome.frames, outcome.rest] : [outcome.rest]);
      deadline.goOn();
      this.#resolve(outcome.message);
    } catch (error) {
      this.#fail(error);
    }
  };

  #fail(error: unknown): void {
    if (this.#state !== 'waiting') return;
    this.#settle('failed');
    this.#failure = error;
    // What still comes is nobody's: it is held until the connection ends.
    this.#init.client.watch.giveBack([]);
    this.#reject(error);
  }

  #settle(state: 'heard' | 'failed'): void {
    this.#state = state;
    this.#init.wheel.clear(this);
    this.#init.abort.removeEventListener('abort', this.#aborted);
  }
}
