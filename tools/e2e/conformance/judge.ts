import { verdictOf, type Mode, type Side } from './conformance-case.js';
import type { CaseRun } from './run-case.js';
import type { PeerRecord } from './strict-peer.js';
import type { ReaderEvent } from './strict-reader.js';

/** The log line of the gateway about one connection. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Codes with which the gateway takes leave of the side that did nothing wrong (`close-table.ts`). */
const FAREWELLS = { client: 1014, backend: 1001 } as const;

/**
 * Says what is wrong with a run through a gateway in `mode`; nothing is the best answer.
 * @param direct The same case without a gateway: in framed and opaque mode both ends have to see the same bytes.
 * @param line What the gateway logged about it; undefined where no log is at hand.
 */
export function judge(run: CaseRun, mode: Mode, direct: CaseRun | undefined, line: LogLine | undefined): string[] {
  const verdict = verdictOf(run.subject, mode);
  // Opaque mode knows no Closes: whoever ends TCP first has ended it, and that is the server (§7.1.1).
  const says = (by: Side, code: number | undefined, error?: string): string[] =>
    mode === 'opaque' ? blamed(line, 'backend', undefined, undefined) : blamed(line, by, code, error);
  if (verdict.kind === 'accepted') return [...accepted(run, mode, direct), ...says(run.from, closeOf(run))];
  const isRefusedHere = mode === 'messages' || (mode === 'framed' && verdict.at === 'frame');
  if (!isRefusedHere) return [...refusedBeyond(run, verdict.code, direct), ...says(run.receiver.side, verdict.code)];
  const errorCode = run.subject.errorCode ?? 'OCELOT_ERR_FRAME_INVALID';
  return [...refusedHere(run, mode, verdict.code), ...says(run.from, verdict.code, errorCode)];
}

/** Everything arrives, is echoed, and both Closes go through. */
function accepted(run: CaseRun, mode: Mode, direct: CaseRun | undefined): string[] {
  const { sender, receiver, reference, subject } = run;
  const problems = [...bothEndInOrder(run, mode), ...sameBytes(run, direct, mode === 'opaque')];
  const isWhole = mode !== 'messages';
  if (!isWhole) problems.push(...repeatedKeys(receiver));
  if (!sameEvents(content(receiver.events, isWhole), content(reference.events, isWhole)))
    problems.push(`the receiver sees ${words(receiver.events)} instead of ${words(reference.events)}`);
  const close = closeOf(run);
  for (const record of [sender, receiver]) {
    const got = record.events.find((event) => event.kind === 'close');
    if (got === undefined) problems.push(`the ${record.side} gets no Close`);
    else if (got.code !== close) problems.push(`the ${record.side} gets Close ${got.code} instead of ${close}`);
  }
  if (subject.hasOwnClose === true) return problems;
  const echoes = content(reference.events, false);
  if (!sameEvents(content(sender.events, false), echoes))
    problems.push(`the sender gets back ${words(sender.events)} for ${words(reference.events)}`);
  const pongs = (events: readonly ReaderEvent[], kind: 'ping' | 'pong'): string =>
    events.flatMap((event) => (event.kind === kind ? [event.payload.toString('hex')] : [])).join();
  if (pongs(sender.events, 'pong') !== pongs(reference.events, 'ping'))
    problems.push(`the sender gets the pongs ${pongs(sender.events, 'pong')}`);
  return problems;
}

/** A gateway that writes frames of its own draws a new key for each (§5.3); by chance a few may be the same. */
function repeatedKeys({ masking: { frames, keys } }: PeerRecord): string[] {
  return keys < frames * 0.9 ? [`${frames} frames are masked with ${keys} keys (§5.3)`] : [];
}

/** The gateway refuses: nothing of the bad frame gets through, each side gets the Close that belongs to it. */
function refusedHere(run: CaseRun, mode: Mode, code: number): string[] {
  const { sender, receiver, reference } = run;
  const problems: string[] = [];
  for (const [record, wanted] of [
    [sender, code],
    [receiver, run.subject.errorCode === undefined ? FAREWELLS[receiver.side] : undefined],
  ] as const) {
    const got = record.events.find((event) => event.kind === 'close');
    if (got === undefined)
      problems.push(`the ${record.side} gets no Close, but ${words(record.events)} and ${record.end}`);
    else if (wanted !== undefined && got.code !== wanted)
      problems.push(`the ${record.side} gets Close ${got.code} instead of ${wanted}`);
    problems.push(...sound(record));
  }
  const before = reference.events.filter(({ kind }) => kind !== 'fault');
  const isWhole = mode !== 'messages';
  if (run.subject.errorCode === undefined && !sameEvents(content(receiver.events, isWhole), content(before, isWhole)))
    problems.push(`the receiver sees ${words(receiver.events)} instead of ${words(before)}`);
  if (mode === 'framed') problems.push(...onlySoundFrames(run));
  return problems;
}

/** Before the Close of the gateway stands what was sent before the bad frame; for a limit it may be less. */
function onlySoundFrames({ subject, reference, receiver }: CaseRun): string[] {
  const at = receiver.events.find((event) => event.kind === 'close')?.at ?? receiver.bytes.length;
  const most = subject.errorCode === undefined ? reference.soundBytes : reference.bytes.length;
  if (at > most) return ['bytes of the refused frame reach the receiver'];
  if (subject.errorCode === undefined && at < most) return ['frames before the refused one do not reach the receiver'];
  return receiver.bytes.subarray(0, at).equals(reference.bytes.subarray(0, at)) ? [] : ['bytes are changed on the way'];
}

/** The gateway passes everything, and the far end refuses it: that refusal has to arrive. */
function refusedBeyond(run: CaseRun, code: number, direct: CaseRun | undefined): string[] {
  const { sender, receiver } = run;
  const problems = [...sound(sender), ...sameBytes(run, direct, true)];
  const fault = receiver.events.find((event) => event.kind === 'fault');
  if (fault?.code !== code) problems.push(`the receiver sees ${words(receiver.events)} instead of a fault (${code})`);
  const got = sender.events.find((event) => event.kind === 'close');
  if (got?.code !== code) problems.push(`the sender gets Close ${got?.code} instead of ${code}`);
  return problems;
}

/** Without a gateway both ends see exactly these bytes; what follows a Close is nobody's any more. */
function sameBytes(run: CaseRun, direct: CaseRun | undefined, isOpaque: boolean): string[] {
  if (direct === undefined) return [];
  const problems: string[] = [];
  for (const end of ['sender', 'receiver'] as const) {
    const [here, there] = [run[end], direct[end]];
    const counted = isOpaque ? there.bytes.length : there.bytes.length - there.trailingBytes;
    if (!here.bytes.equals(there.bytes.subarray(0, counted)))
      problems.push(
        `the ${here.side} sees ${here.bytes.length} bytes that differ from the ${counted} without a gateway`,
      );
  }
  return problems;
}

function bothEndInOrder(run: CaseRun, mode: Mode): string[] {
  // What a sender says behind its Close passes an opaque route.
  const problems = [...sound(run.sender), ...sound(run.receiver, mode === 'opaque')];
  const [client, backend] = run.from === 'client' ? [run.sender, run.receiver] : [run.receiver, run.sender];
  if (client.end !== 'fin') problems.push(`the client's connection ends by ${client.end}`);
  if (backend.wasLeftFirst) problems.push('the backend, which is the server, is left before it ends TCP (§7.1.1)');
  return problems;
}

/** What a strict reader finds wrong in what the gateway sends. */
function sound(record: PeerRecord, mayTrail = false): string[] {
  const problems: string[] = [];
  for (const event of record.events)
    if (event.kind === 'fault') problems.push(`the ${record.side} is sent ${event.rule} (${event.code})`);
  if (!mayTrail && record.trailingBytes > 0 && record.events.some(({ kind }) => kind === 'close'))
    problems.push(`the ${record.side} is sent ${record.trailingBytes} bytes behind a Close (§5.5.1)`);
  if (record.isCutShort) problems.push(`the stream to the ${record.side} stops inside a frame`);
  if (record.end === 'none') problems.push(`the connection of the ${record.side} is never ended`);
  return problems;
}

function blamed(
  line: LogLine | undefined,
  by: string,
  closeCode: number | undefined,
  code: string | undefined,
): string[] {
  if (line === undefined) return [];
  const said = JSON.stringify({ closedBy: line['closedBy'], closeCode: line['closeCode'], code: line['code'] });
  const wanted = JSON.stringify({ closedBy: by, closeCode, code });
  return said === wanted ? [] : [`the log says ${said} instead of ${wanted}`];
}

/** The code of the Close that belongs to a stream without faults. */
function closeOf({ subject, reference }: CaseRun): number | undefined {
  if (subject.hasOwnClose !== true) return 1000;
  return reference.events.find((event) => event.kind === 'close')?.code;
}

/** Messages, and where `isWhole` the control frames with them, in order. */
function content(events: readonly ReaderEvent[], isWhole: boolean): readonly ReaderEvent[] {
  return events.filter(({ kind }) => kind === 'message' || (isWhole && (kind === 'ping' || kind === 'pong')));
}

function sameEvents(one: readonly ReaderEvent[], two: readonly ReaderEvent[]): boolean {
  if (one.length !== two.length) return false;
  return one.every((event, index) => {
    const other = two[index];
    if (other === undefined || event.kind !== other.kind || !('payload' in event) || !('payload' in other))
      return false;
    if (event.kind === 'message' && (other.kind !== 'message' || event.type !== other.type)) return false;
    return event.payload.equals(other.payload);
  });
}

/** Events in a few words, for a problem that somebody has to read. */
function words(events: readonly ReaderEvent[]): string {
  const each = events.slice(0, 8).map((event) => {
    if (event.kind === 'close') return `Close ${event.code}`;
    if (event.kind === 'fault') return `fault ${event.code} (${event.rule})`;
    return `${event.kind === 'message' ? event.type : event.kind} of ${event.payload.length}`;
  });
  return events.length === 0 ? 'nothing' : `[${each.join(', ')}${events.length > 8 ? ', …' : ''}]`;
}
