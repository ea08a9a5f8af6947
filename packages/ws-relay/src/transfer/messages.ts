import type { Direction, Message, Side, TransferCount } from '@ocelot/core';

import type { GatewayEnd } from '../close-table.js';
import type { CloseStatus } from '../frames/close-codes.js';
import { tapFault } from './frame-observers.js';
import { PERMESSAGE_DEFLATE } from '../handshake/permessage-deflate.js';
import { FramedTransfer } from './framed.js';
import type { LegReceiver } from './leg.js';
import type { MessageDeflate } from './message-deflate.js';
import { MessagePassage } from './message-passage.js';
import { MessageWriter } from './message-writer.js';
import { assertMessage, type HookFailure, type NamedHook } from './run-hooks.js';
import { directionFrom, type Fault, otherSide, type Transfer, type TransferInit } from './transfer.js';

/** Whole messages are kept in memory, so there is a limit also where the route has none (`MaxMessageBytes: 0`). */
export const MAX_MESSAGE_BYTES = 16_777_216;

/** What was negotiated with each side (RFC 7692). Whoever made it disposes of it when the session is over. */
export type CompressedLegs = Readonly<Record<Side, MessageDeflate | undefined>>;

/** What messages mode needs besides. */
export interface MessagesInit {
  /** In the order in which they decide. May be filled until the first byte comes. */
  readonly hooks: readonly NamedHook[];
  readonly compressed: CompressedLegs | undefined;
}

/**
 * Whole messages: reads them on one leg, lets hooks decide, writes them to the other. How it ends, drains and pings is
 * framed mode's; between the two sides stand a {@link MessagePassage} and a {@link MessageWriter} for each direction.
 */
export class MessagesTransfer implements Transfer {
  readonly #framed: FramedTransfer;
  readonly #writers: Readonly<Record<Side, MessageWriter>>;
  readonly #passages: MessagePassage[] = [];
  #isEnding = false;

  constructor(init: TransferInit, { hooks, compressed }: MessagesInit) {
    const { clock, closeMs, host } = init;
    const maxMessageBytes = init.limits.maxMessageBytes || MAX_MESSAGE_BYTES;
    const isCompressed = compressed?.client !== undefined || compressed?.backend !== undefined;
    this.#writers = {
      client: new MessageWriter(init.client, false, compressed?.client),
      backend: new MessageWriter(init.backend, true, compressed?.backend),
    };
    const failed = (failure: HookFailure): void =>
      this.#framed.leave('hook', undefined, tapFault(failure.tap, failure.cause));
    const goOn = (): void => {
      for (const passage of this.#passages) passage.drained();
    };
    this.#framed = new FramedTransfer({
      ...init,
      extensions: isCompressed ? [PERMESSAGE_DEFLATE] : [],
      limits: { ...init.limits, maxMessageBytes: isCompressed ? withOverhead(maxMessageBytes) : maxMessageBytes },
      host: {
        ends: (event, status, fault) => {
          this.#isEnding = true;
          host.ends(event, status, fault);
        },
        closeTimedOut: () => host.closeTimedOut(),
        legClosed: () => host.legClosed(),
      },
      passage: (from, sender, next, isClosing) => {
        const to = otherSide(from);
        const isClosed = (): boolean => isClosing() || init[to].isClosed;
        const writer = this.#writers[to];
        writer.attach(isClosed, goOn);
        const passage = new MessagePassage({
          direction: directionFrom(from),
          from: sender,
          writer,
          answers: this.#writers[from],
          deflate: compressed?.[from],
          hooks,
          maxMessageBytes,
          next,
          isClosed,
          failed,
          clock,
          closeMs,
        });
        this.#passages.push(passage);
        return passage;
      },
    });
  }

  get fromClient(): TransferCount {
    return this.#framed.fromClient;
  }
  get fromBackend(): TransferCount {
    return this.#framed.fromBackend;
  }
  get isMidMessage(): boolean {
    return this.#framed.isMidMessage;
  }

  receiver(side: Side): LegReceiver {
    const receiver = this.#framed.receiver(side);
    const writer = this.#writers[side];
    return {
      bytes: (chunk) => receiver.bytes(chunk),
      drained: () => {
        writer.drained();
        receiver.drained();
      },
      ended: () => receiver.ended(),
      closed: (error) => {
        writer.drained();
        receiver.closed(error);
      },
    };
  }

  send(direction: Direction, message: Message): boolean {
    assertMessage(message);
    return !this.#isEnding && this.#writers[direction === 'to-client' ? 'client' : 'backend'].send(message);
  }

  leave(event: GatewayEnd, given?: CloseStatus, fault?: Fault): void {
    this.#framed.leave(event, given, fault);
  }

  pause(direction: Direction): void {
    this.#framed.pause(direction);
  }

  resume(direction: Direction): void {
    this.#framed.resume(direction);
  }

  sweep(nowMs: number): number {
    return this.#framed.sweep(nowMs);
  }
}

/** What is seen on the wire may be more than what it holds: deflate adds 5 bytes to a block it cannot make smaller. */
function withOverhead(bytes: number): number {
  return bytes + Math.ceil(bytes / 1024) + 64;
}
