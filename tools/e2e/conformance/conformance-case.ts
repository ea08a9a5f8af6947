import { encodeFrame, type FrameParts } from '@ocelot/test-support';

/** How the gateway moves what it relays (`Gateway.Transfer`; `messages` where a message hook is registered). */
export type Mode = 'framed' | 'opaque' | 'messages';
export const MODES: readonly Mode[] = ['framed', 'opaque', 'messages'];

/** The two ends of a connection through the gateway. */
export type Side = 'client' | 'backend';
export const SIDES: readonly Side[] = ['client', 'backend'];

/** How a case's stream is cut into writes; `early`: all of it in one write with the sender's half of the handshake. */
export type Style = 'framewise' | 'bytewise' | 'coalesced' | 'early';
export const STYLES: readonly Style[] = ['framewise', 'bytewise', 'coalesced', 'early'];

/**
 * What the receiver of a stream has to make of it. A refusal ends the connection with `code`. It is seen at `frame`:
 * in headers and Close frames, which framed mode walks; or at `payload`: in what framed mode passes without looking,
 * so that the far end judges. Opaque mode passes all of it, messages mode refuses all of it.
 */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: number; readonly at: 'frame' | 'payload' };

export const ACCEPTED: Verdict = { kind: 'accepted' };
/** A rule about headers or Close frames is broken. */
export const refused = (code = 1002): Verdict => ({ kind: 'refused', code, at: 'frame' });
/** A rule about payloads is broken. */
export const refusedPayload = (code = 1007): Verdict => ({ kind: 'refused', code, at: 'payload' });

/** Which route a case goes over; the limits stand in `gateway-under-test.ts`. */
export type CaseRoute = 'plain' | 'max-bytes' | 'max-frames' | 'max-rate';

/** What client and backend say about extensions in the opening handshake. */
export interface Negotiation {
  readonly offer: string;
  readonly answer: string;
}

/** One stream from one side, and what has to become of it. Each runs from both sides, in every mode and style. */
export interface ConformanceCase {
  /** `group/what`, unique. */
  readonly name: string;
  /** The rule it is about: `RFC 6455 §5.2`. */
  readonly rule: string;
  /** The frames in order, one element for what is written at once in the style `framewise`. */
  readonly frames: (write: FrameWriter) => readonly Buffer[];
  readonly verdict: Verdict;
  /** Where a mode judges otherwise, with the reason beside it in the case's file. */
  readonly verdictIn?: Partial<Readonly<Record<Mode, Verdict>>>;
  /** The stream holds its own Close; otherwise a sound sender ends with Close 1000. */
  readonly hasOwnClose?: boolean;
  /** The stream stops inside a frame: no Close can follow, so the sender ends TCP when it is told to leave. */
  readonly isLeftOpen?: boolean;
  readonly from?: readonly Side[];
  readonly modes?: readonly Mode[];
  readonly styles?: readonly Style[];
  readonly route?: CaseRoute;
  readonly negotiation?: Negotiation;
  /** The error of the gateway's log line where it refuses. @default OCELOT_ERR_FRAME_INVALID */
  readonly errorCode?: string;
}

/** Writes frames as one side has to: the client's are masked (RFC 6455 §5.3), with keys that are the same each time. */
export class FrameWriter {
  readonly side: Side;
  #count = 0;

  constructor(side: Side) {
    this.side = side;
  }

  /** Encodes one frame; `mask` in the parts overrides what the side has to do. */
  frame(parts: FrameParts): Buffer {
    if (parts.mask !== undefined && parts.mask !== true) return encodeFrame(parts);
    return encodeFrame(parts.mask === true || this.side === 'client' ? { ...parts, mask: this.#key() } : parts);
  }

  #key(): Buffer {
    this.#count += 1;
    const key = Buffer.alloc(4);
    key.writeUInt32BE((this.#count * 0x9e37_79b9) >>> 0);
    return key;
  }
}

/** The opposite end. */
export function otherSide(side: Side): Side {
  return side === 'client' ? 'backend' : 'client';
}

/** What a mode has to make of a case. */
export function verdictOf(subject: ConformanceCase, mode: Mode): Verdict {
  return subject.verdictIn?.[mode] ?? subject.verdict;
}
