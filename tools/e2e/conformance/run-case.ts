import type { RawHead } from '@ocelot/test-support';

import {
  FrameWriter,
  otherSide,
  verdictOf,
  type ConformanceCase,
  type Mode,
  type Side,
  type Style,
} from './conformance-case.js';
import { deflateTerms } from './deflate-stream.js';
import { openPair, type BackendPort, type HeaderLines } from './opened.js';
import { StrictPeer, type PeerRecord } from './strict-peer.js';
import { StrictReader, type ReaderEvent } from './strict-reader.js';

/** Where a case runs: a gateway, or the backend itself. */
export interface Course {
  readonly port: number;
  readonly backend: BackendPort;
  readonly mode: Mode | 'direct';
  /** The request target of the next run. */
  readonly target: (subject: ConformanceCase) => string;
}

/** What a stream says, read without anybody in between: what the receiver has to see. */
export interface Reference {
  readonly bytes: Buffer;
  readonly events: readonly ReaderEvent[];
  /** Bytes before the frame that breaks a rule; all of them when none does. */
  readonly soundBytes: number;
}

/** One case, sent from one side in one style, and what both ends saw. */
export interface CaseRun {
  readonly subject: ConformanceCase;
  readonly from: Side;
  readonly style: Style;
  readonly target: string;
  readonly reference: Reference;
  readonly sender: PeerRecord;
  readonly receiver: PeerRecord;
}

/** The stream of a case, from one side. */
export function streamOf(subject: ConformanceCase, from: Side): readonly Buffer[] {
  return subject.frames(new FrameWriter(from));
}

/** Reads the stream of a case with the strict reader alone. `mode`: strict about what that mode refuses. */
export function referenceOf(subject: ConformanceCase, from: Side, mode: Mode | 'direct' = 'direct'): Reference {
  const bytes = Buffer.concat(streamOf(subject, from));
  const events: ReaderEvent[] = [];
  const takesLongForms = mode !== 'direct' && verdictOf(subject, mode).kind === 'accepted';
  const emit = (event: ReaderEvent): void => void events.push(event);
  new StrictReader({
    expectsMask: from === 'client',
    deflate: deflateTerms(subject.negotiation?.answer)?.[from],
    takesLongForms,
    emit,
  }).push(bytes);
  const fault = events.find((event) => event.kind === 'fault');
  return { bytes, events, soundBytes: fault?.at ?? bytes.length };
}

/** Runs one case to the end of both connections. */
export async function runCase(course: Course, subject: ConformanceCase, from: Side, style: Style): Promise<CaseRun> {
  const target = course.target(subject);
  const reference = referenceOf(subject, from, course.mode);
  const { negotiation } = subject;
  const offer: HeaderLines = negotiation === undefined ? {} : { 'Sec-WebSocket-Extensions': negotiation.offer };
  let answered: string | undefined;
  const answer = (request: RawHead): HeaderLines => {
    if (request.get('sec-websocket-extensions') !== undefined) answered = negotiation?.answer;
    return answered === undefined ? {} : { 'Sec-WebSocket-Extensions': answered };
  };
  const early = style === 'early' ? { [from]: reference.bytes } : {};
  const pair = await openPair(course.port, course.backend, { target, offer, answer, early });
  // Each side knows what was agreed on its own leg.
  const terms = {
    client: deflateTerms(pair.client.head.get('sec-websocket-extensions')),
    backend: deflateTerms(answered),
  };
  const writers = { client: new FrameWriter('client'), backend: new FrameWriter('backend') };
  const peer = (side: Side): StrictPeer =>
    new StrictPeer(side, pair[side], { deflate: terms[side], echoes: side !== from }, writers[side]);
  const receiver = peer(otherSide(from));
  const sender = peer(from);
  const end = subject.isLeftOpen === true ? 'open' : subject.hasOwnClose === true ? 'closed' : 'whole';
  await sender.play(cut(subject.frames(writers[from]), style), end);
  if (subject.hasOwnClose !== true && reference.events.every(({ kind }) => kind !== 'fault')) {
    const count = (kind: ReaderEvent['kind']): number => reference.events.filter((event) => event.kind === kind).length;
    await sender.echoed(count('message'), count('ping'));
    sender.close(1000);
  }
  const [sent, received] = await Promise.all([sender.record, receiver.record]);
  return { subject, from, style, target, reference, sender: sent, receiver: received };
}

/** Bytes of each piece that travel one by one in the style `bytewise`: every header, and whole small frames. */
const SINGLE_BYTES = 300;

function cut(frames: readonly Buffer[], style: Style): readonly Buffer[] {
  if (style === 'framewise') return frames;
  if (style === 'coalesced') return [Buffer.concat(frames)];
  if (style === 'early') return [];
  return frames.flatMap((frame) => {
    const single = frame.length <= SINGLE_BYTES ? frame.length : 20;
    const pieces = Array.from(frame.subarray(0, single), (byte) => Buffer.from([byte]));
    return frame.length === single ? pieces : [...pieces, frame.subarray(single)];
  });
}
