import type { Clock, Direction, GatewayError, Message, RoutePing, Side, TransferCount } from '@ocelot/core';

import type { EndEvent, GatewayEnd } from '../close-table.js';
import type { CloseStatus } from '../frames/close-codes.js';
import type { FrameLimit } from '../frames/frame-limits.js';
import type { FrameObservers } from './frame-observers.js';
import type { Leg, LegReceiver } from './leg.js';
import type { PassageFactory } from './passage.js';

/** How long a socket whose closing is over may stay open, in milliseconds, before it is cut. */
export const HANG_UP_MS = 1000;

/** More about an end, for the log line of the session. */
export interface Fault {
  /** Which rule was broken, which limit reached, which tap failed. */
  readonly what: string;
  /** What a plugin threw. */
  readonly cause?: unknown;
  /** What the session was ended with, where the table leaves its code to the event. */
  readonly error?: GatewayError;
}

/** The session as its transfer sees it. */
export interface TransferHost {
  /** The session begins to end. Only the first call counts. `fault` says for the log which rule was broken. */
  ends(event: EndEvent, status?: CloseStatus, fault?: Fault): void;
  /** A peer did not finish in time: recorded unless another error is. */
  closeTimedOut(): void;
  /** A socket is gone. */
  legClosed(): void;
}

/** What a transfer is made of. */
export interface TransferInit {
  readonly client: Leg;
  readonly backend: Leg;
  readonly host: TransferHost;
  readonly clock: Clock;
  /** How long a peer may take to answer a Close; 0: no limit. */
  readonly closeMs: number;
  /** Names of the negotiated extensions, in lower case. */
  readonly extensions: readonly string[];
  /** How much each side may send. */
  readonly limits: FrameLimit;
  /** Which legs are pinged, and when. */
  readonly ping: RoutePing;
  /** Told of every frame; undefined: nobody looks. */
  readonly observers: FrameObservers | undefined;
  /** Makes what holds messages up between the two sides; undefined: frames pass at once. */
  readonly passage?: PassageFactory | undefined;
}

/** Moves the bytes of one session and carries its end from one side to the other. Owned by the session. */
export interface Transfer {
  readonly fromClient: TransferCount;
  readonly fromBackend: TransferCount;
  /** Whether a data message is on its way, of which more is to come. */
  readonly isMidMessage: boolean;
  /** What the leg of a side is attached to. */
  receiver(side: Side): LegReceiver;
  /**
   * Asks both sides to leave, with the Close that the table has for the event. Does nothing once the session ends.
   * @param given Where the table says `given`: the code of a drain, of a plugin or of an error.
   */
  leave(event: GatewayEnd, given?: CloseStatus, fault?: Fault): void;
  /** Reads no more of a direction until as many `resume`, or until the session ends; absent: the mode has no taps. */
  pause?(direction: Direction): void;
  resume?(direction: Direction): void;
  /** Writes a message of a plugin's own. @returns false when it was not taken; absent: the mode knows no messages. */
  send?(direction: Direction, message: Message): boolean;
  /**
   * Looks at the clock: deadlines are checked here and nowhere else. Called first when the session opens, and
   * regularly once it ends.
   * @returns when to look again while the session is open; Infinity: not for the sake of the transfer.
   */
  sweep(nowMs: number): number;
}

/** The opposite side. */
export function otherSide(side: Side): Side {
  return side === 'client' ? 'backend' : 'client';
}

/** Who sends what moves in a direction. */
export function senderOf(direction: Direction): Side {
  return direction === 'to-backend' ? 'client' : 'backend';
}

/** Which way what a side sends moves. */
export function directionFrom(side: Side): Direction {
  return side === 'client' ? 'to-backend' : 'to-client';
}
