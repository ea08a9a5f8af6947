import type { GatewayConfig } from '../config/gateway-config.js';
import type { GatewayError } from '../errors/gateway-error.js';
import type { Exchange } from './exchange.js';
import type { Route } from './route.js';

/** Which way something moves through a session. */
export type Direction = 'to-backend' | 'to-client';

/**
 * The header of one frame (RFC 6455 §5.2) as it passes.
 *
 * The relay reuses one object for all frames: read it during the call, do not keep it.
 */
export interface FrameHeader {
  /** 0 continuation, 1 text, 2 binary, 8 Close, 9 ping, 10 pong. */
  readonly opcode: number;
  /** FIN: the last frame of its message. Control frames always have it. */
  readonly isFinal: boolean;
  /** RSV1–3 as they stand in the first byte: 0x40, 0x20, 0x10. */
  readonly reservedBits: number;
  /** Payload of this frame in bytes, as on the wire: compressed where an extension compresses. */
  readonly payloadBytes: number;
}

/** Sees the headers of one session's frames; payload is neither read nor copied for it. */
export interface FrameObserver {
  /**
   * Called for each valid frame before its payload passes, in stream order. Must return at once; what it throws ends
   * the session with 1011 (HOOK_FAILED).
   */
  frame(direction: Direction, header: FrameHeader): void;
}

/** One whole message (RFC 6455 §5.6): decompressed, unmasked, in one piece. */
export interface Message {
  /** `text`: `data` is valid UTF-8. */
  readonly type: 'text' | 'binary';
  readonly data: Uint8Array;
}

/**
 * Decides about one message: returns it, or another one, to go on; `undefined` drops it. Later messages of the same
 * direction wait for the promise, so order is kept and a slow hook slows its sender down. What it throws or rejects
 * with ends the session with 1011 (HOOK_FAILED) and a log line.
 */
export type MessageHook = (
  message: Message,
  direction: Direction,
) => Message | undefined | Promise<Message | undefined>;

/** What a tap knows and may do about the session it was made for. */
export interface TappedSession {
  /** The upgrade it came from: request, route, params, slots that stages filled, log. */
  readonly exchange: Exchange;
  /**
   * Puts a message of the tap's own into a direction, behind what was forwarded already. Only in sessions with a
   * message hook.
   * @returns false when the session is closing, or has no place for messages: nothing was sent.
   */
  send(direction: Direction, message: Message): boolean;
  /** Ends the session with a Close frame to both sides at the next boundary. Idempotent. */
  close(code: number, reason: string): void;
  /** {@link Session.close}: the same for an end that has a name in the catalogue. */
  fail(error: GatewayError): void;
  /**
   * Reads no more of a direction, so that its sender feels backpressure, until as many `resume` as `pause` were called.
   * The frame that is on its way still passes, as far as it was read; what was read behind it waits. While it lasts the sender is not missed: no idle time-out
   * and no ping counts against it. Nothing happens on a session that is closing: it reads on so that it can end.
   */
  pause(direction: Direction): void;
  /** Takes one {@link TappedSession.pause} back. */
  resume(direction: Direction): void;
}

/** What a tap does on one route. */
export interface RouteTap {
  /** Makes the observer of one session, once it is open. */
  readonly observe?: (session: TappedSession) => FrameObserver;
  /** Makes the hook of one session. A route with one runs in messages mode: whole messages are read and written. */
  readonly message?: (session: TappedSession) => MessageHook;
}

/** What a plugin registers to look at frames, or to decide about messages. */
export interface FrameTap {
  /** For logs and errors; unique in a gateway. */
  readonly name: string;
  /**
   * Called at compile time, once per route and configuration.
   * @param config The configuration that the route is part of.
   * @returns undefined when this route has no need of the tap: it then pays nothing.
   */
  forRoute(route: Route, config: GatewayConfig): RouteTap | undefined;
}

/** A tap of one route, with the name it was registered under. */
export interface BoundTap {
  readonly name: string;
  readonly tap: RouteTap;
}
