// Situation: an open WebSocket in framed mode; one end is in the middle of something (S16).
// Action: its connection ends with FIN or RST at every point: each byte of a header, of a payload, of a Close.
// Expected: the other end gets what was whole, then a Close where one may stand, else FIN; one right line, no socket left.
import {
  closeFrame,
  decodeFrames,
  encodeFrame,
  OPCODE,
  readClose,
  within,
  type RawConnection,
} from '@ocelot/test-support';
import { afterEach, describe, expect, it } from 'vitest';

import { HAS_PROC } from '../black-box/gateway-process.js';
import { stand, type Tunnel } from '../black-box/stand.js';
import { caseRoutes, linesAbout, type LogLine } from './case-routes.js';

type End = 'client' | 'backend';
const ENDS: readonly End[] = ['client', 'backend'];
const HOWS = ['end', 'reset'] as const;
const CLOSE_TIMEOUT_MS = 400;

/** What the other end is to find behind the last whole frame. */
type Rest =
  /** A Close of the gateway's: what had begun was held back. */
  | 'close'
  /** The beginning of a frame, and no Close inside it. */
  | 'beginning'
  /** The Close that was sent. */
  | 'own close';

/** What has been sent when the connection ends: whole frames, and a part of the next one. */
interface Cut {
  readonly whole: readonly Buffer[];
  readonly part: Buffer;
  readonly rest: Rest;
}

function headerLength(frame: Buffer): number {
  const second = frame[1] ?? 0;
  const extended = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
  return 2 + extended + ((second & 0x80) === 0 ? 0 : 4);
}

/** A cut behind each byte of `frame`, except the last: its header and a Close are held back, its payload is not. */
function cutsInside(whole: readonly Buffer[], frame: Buffer, isHeldBack: boolean, upTo: number): readonly Cut[] {
  const header = headerLength(frame);
  return Array.from({ length: upTo }, (_, count) => ({
    whole,
    part: frame.subarray(0, count),
    rest: isHeldBack || count < header ? 'close' : 'beginning',
  }));
}

const points = (end: End): readonly (readonly [string, readonly Cut[]])[] => {
  const mask = end === 'client';
  const text = (payload: string, fin = true, opcode: number = OPCODE.text): Buffer =>
    encodeFrame({ fin, opcode, payload, mask });
  const before = [text('before')];
  const begun = [text('before'), text('first half', false)];
  const close = closeFrame(4001, 'bye', mask);
  const every = (frame: Buffer): readonly Cut[] => cutsInside(before, frame, false, headerLength(frame));
  const behind = (frame: Buffer, counts: readonly number[]): readonly Cut[] =>
    counts.map((count) => ({ whole: before, part: frame.subarray(0, count), rest: 'beginning' }));
  const ping = text('ping', true, OPCODE.ping);
  const long = text('x'.repeat(70_000));
  return [
    ['at each byte of a short header', every(text('x'.repeat(100)))],
    ['at each byte of a header with 16 bits of length', every(text('x'.repeat(1000)))],
    ['at each byte of a header with 64 bits of length', every(long)],
    ['inside a payload', behind(long, [headerLength(long), headerLength(long) + 1, 30_000, long.length - 1])],
    ['behind a whole message', [{ whole: before, part: Buffer.alloc(0), rest: 'close' }]],
    ['between the fragments of a message', [{ whole: begun, part: Buffer.alloc(0), rest: 'close' }]],
    ['at each byte of a ping between fragments', cutsInside(begun, ping, false, ping.length)],
    ['at each byte of a Close', cutsInside(before, close, true, close.length)],
    ['behind a Close', [{ whole: [...before, close], part: Buffer.alloc(0), rest: 'own close' }]],
    ['behind a Close between fragments', [{ whole: [...begun, close], part: Buffer.alloc(0), rest: 'own close' }]],
  ];
};

const CASES = 20;
const subject = stand((port) => ({
  Routes: ENDS.flatMap((end) =>
    HOWS.flatMap((how) =>
      points(end).flatMap((_, index) =>
        caseRoutes(`${end}-${how}-${index}-`, CASES, port, { CloseTimeoutMs: CLOSE_TIMEOUT_MS }),
      ),
    ),
  ),
}));

afterEach(async () => {
  if (HAS_PROC) await subject.everySocketIsClosed();
});

/** Both ends are closed; the limit allows for a busy machine, twice the close time and the second for a FIN. */
async function bothAreGone({ client, backend }: Tunnel, what: string): Promise<void> {
  await within(Promise.all([client.closed, backend.closed]), `both connections of ${what} being gone`, 6000);
}

/** What the other end says at last, and how it answers the Close that it got. */
function answer(other: RawConnection, code: number | undefined, mask: boolean): void {
  other.sendFrame({ opcode: OPCODE.text, payload: 'last words', mask });
  other.send(closeFrame(code, '', mask));
  other.end();
}

async function play(end: End, how: (typeof HOWS)[number], cut: Cut, folder: string): Promise<readonly LogLine[]> {
  const tunnel = await subject.open({ folder });
  const [cutter, other] = end === 'client' ? [tunnel.client, tunnel.backend] : [tunnel.backend, tunnel.client];
  // One write: when its first frame has come through, the gateway has seen all of it.
  cutter.send(Buffer.concat([...cut.whole, cut.part]));
  const passed = Buffer.concat([...cut.whole, cut.rest === 'beginning' ? cut.part : Buffer.alloc(0)]);
  expect((await other.readBytes(passed.length)).equals(passed)).toBe(true);
  cutter[how]();

  const lostCode = end === 'client' ? 1001 : 1014;
  if (cut.rest === 'close') expect(readClose(await other.readFrame()).code).toBe(lostCode);
  if (cut.rest === 'beginning') await within(other.ended, `the end of a stream without a Close, ${folder}`);
  answer(other, cut.rest === 'own close' ? 4001 : lostCode, end === 'backend');
  expect((await other.readToEnd().catch(() => other.unread)).length).toBe(0);

  if (how === 'end') {
    // It has only said that it will say nothing more: it still hears the other one out.
    const { frames, rest } = decodeFrames(await cutter.readToEnd());
    expect([frames[0]?.payload.toString(), frames.at(-1)?.opcode]).toEqual(['last words', OPCODE.close]);
    expect([frames.length, rest.length]).toEqual([2, 0]);
  }
  await bothAreGone(tunnel, folder);
  return linesAbout(subject, folder);
}

const lineAfter = (end: End, cut: Cut): LogLine =>
  cut.rest === 'own close'
    ? { closedBy: end, closeCode: 4001, code: undefined }
    : { closedBy: end, closeCode: undefined, code: end === 'client' ? 'CLIENT_GONE' : 'BACKEND_LOST' };

describe.each(ENDS)('the connection of the %s', (end) => {
  describe.each(HOWS)('that ends (%s)', (how) => {
    const rows = points(end).map(([where, cuts], index) => [where, index, cuts] as const);
    it.each(rows)('%s ends both in order and in time', async (_where, index, cuts) => {
      const lines = await Promise.all(
        cuts.map((cut, number) => play(end, how, cut, `${end}-${how}-${index}-${number}`)),
      );
      expect(lines).toEqual(cuts.map((cut) => [lineAfter(end, cut)]));
    });
  });
});
