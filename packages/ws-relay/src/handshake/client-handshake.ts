import type { FirstMessageOptions, GatewayError, Message, UpgradeRequest } from '@ocelot/core';

import type { Leg } from '../transfer/leg.js';
import type { BodyFraming } from './body-framing.js';
import type { ClientWatch } from './client-watch.js';
import type { ResponseHead } from './response-head.js';
import type { SwitchingAnswer } from './switching-answer.js';

/** What a refusal says beside its error. */
export interface Refusal {
  readonly error: GatewayError;
  /** The status to answer with; 0 answers nothing, because nobody is there to read. */
  readonly status: number;
  /** The exchange's id, on the log line too; undefined before there was one. */
  readonly requestId: string | undefined;
}

/** {@link UpgradeRequest.firstMessage}, where it is there. */
export type AskFirstMessage = (options: FirstMessageOptions) => Promise<Message>;

/** The body of an answer that is passed on, on its way to the client. */
export interface AnswerBody {
  /** Sends content; framed as the client's protocol has it. Nothing of it is kept after the call. */
  write(content: Buffer): void;
  /**
   * Ends the answer, and what carried it. Once; nothing is written afterwards.
   * @param isWhole Whether all of the body was written: if not, it must not look complete.
   */
  end(isWhole: boolean): void;
}

/**
 * A client from its request to its answer. How it asks and how it is answered is all in which WebSockets over HTTP/1.1
 * (RFC 6455 §4) and over HTTP/2 (RFC 8441) differ: what decides in between sees this only.
 *
 * Made with the client's socket or stream, which it takes over at once. It tells once when the client leaves. Exactly
 * one of `accept`, `refuse` and `relay` is called.
 */
export interface ClientHandshake {
  /** The client's leg: read from the beginning, so that a client that leaves is noticed. */
  readonly leg: Leg;
  /** Reads the client until its leg is attached to somebody else. */
  readonly watch: ClientWatch;
  /**
   * @param firstMessage {@link UpgradeRequest.firstMessage} of the request.
   * @throws GatewayError UPGRADE_INVALID when it is no valid handshake.
   */
  readRequest(firstMessage: AskFirstMessage): UpgradeRequest;
  /** Says that the WebSocket stands; frames follow. */
  accept(answer: SwitchingAnswer): void;
  /** Answers with an error of the gateway, and ends what carried the request. */
  refuse(refusal: Refusal): void;
  /**
   * Passes the head of the backend's refusal on.
   * @param headers End-to-end headers as the client is to get them, without those of the framing.
   * @throws GatewayError BACKEND_HANDSHAKE_INVALID when the client would take it for something else; nothing was
   *   written then.
   */
  relay(head: ResponseHead, headers: readonly string[], framing: BodyFraming): AnswerBody;
}
