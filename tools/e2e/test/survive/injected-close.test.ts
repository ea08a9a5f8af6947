// Situation: one end is somewhere in its stream: inside a header, a payload, between fragments, one byte at a time (S22).
// Action: the gateway closes the session (its route is withdrawn), at every place of the stream.
// Expected: its Close stands between frames, at the end of a message where that comes, and everything before it is whole.
import {
  closeFrame,
  decodeFrames,
  encodeFrame,
  eventually,
  OPCODE,
  readClose,
  type RawConnection,
} from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand } from '../black-box/stand.js';

const ENDS = ['client', 'backend'] as const;
type End = (typeof ENDS)[number];

/** How long the gateway waits for the end of a message before it takes the end of a frame. */
const MESSAGE_WAIT_MS = 1000;

const settings = { GlobalConfiguration: { Gateway: { CloseOnRouteRemoval: true } } };
let backendPort = 0;
const subject = stand((port) => {
  backendPort = port;
  return { Routes: ENDS.map((end) => route(`/${end}/{everything}`, port)), ...settings };
});

/** A stream with every kind of place: fragments, a ping among them, headers with 7, 16 and 64 bits of length. */
function stream(mask: boolean): {
  readonly bytes: Buffer;
  readonly messageEnds: readonly number[];
  readonly frameEnds: readonly number[];
} {
  const frame = (payload: string, opcode: number, fin = true): Buffer => encodeFrame({ fin, opcode, payload, mask });
  const messages = [
    [
      frame('begun, ', OPCODE.text, false),
      frame('', OPCODE.continuation, false),
      frame('in between', OPCODE.ping),
      frame('ended'.padEnd(130, '.'), OPCODE.continuation),
    ],
    [frame('short', OPCODE.text)],
    [frame('', OPCODE.text)],
    [frame('x'.repeat(65_600), OPCODE.binary)],
    [frame('short', OPCODE.text)],
  ];
  const ends = (lengths: readonly number[]): readonly number[] => {
    let end = 0;
    return [0, ...lengths.map((length) => (end += length))];
  };
  return {
    bytes: Buffer.concat(messages.flat()),
    messageEnds: ends(messages.map((frames) => Buffer.concat(frames).length)),
    frameEnds: ends(messages.flat().map(({ length }) => length)),
  };
}

/** Every byte up to the inside of the largest frame, some places in it, and every byte from its end on. */
function places(bytes: Buffer): readonly number[] {
  const [inside, behind] = [220, bytes.length - 20];
  return Array.from({ length: bytes.length + 1 }, (_, at) => at).filter(
    (at) => at < inside || at > behind || at % 9973 === 0,
  );
}

/** The rest goes out byte by byte where it is short: each byte is a read of the gateway's. */
async function finish(speaker: RawConnection, rest: Buffer): Promise<void> {
  const slow = Math.min(rest.length, 40);
  await speaker.sendInPieces(Array.from(rest.subarray(0, slow), (byte) => Buffer.from([byte])));
  if (rest.length > slow) speaker.send(rest.subarray(slow));
}

describe.each(ENDS)('a Close of the gateway while the %s speaks', (end: End) => {
  it('stands between two messages, wherever in its stream the speaker is', { timeout: 60_000 }, async () => {
    const mask = end === 'client';
    const { bytes, messageEnds, frameEnds } = stream(mask);
    const at = places(bytes);
    const tunnels = await Promise.all(at.map(() => subject.open({ folder: end })));
    const cases = tunnels.map(({ client, backend }, index) => {
      const [speaker, listener] = mask ? [client, backend] : [backend, client];
      return { place: at[index] ?? 0, speaker, listener };
    });
    for (const { place, speaker } of cases) if (place > 0) speaker.send(bytes.subarray(0, place));
    await Promise.all(
      cases.map(({ place, listener }) =>
        // What is held back is at most a header of 14 bytes.
        eventually(() => listener.bytesReceived >= place - 14, `${place} bytes having passed`),
      ),
    );
    const before = cases.map(({ listener }) => listener.unread.length);
    const others = ENDS.filter((one) => one !== end).map((one) => route(`/${one}/{everything}`, backendPort));
    const asked = performance.now();
    await subject.gateway.reload({ Routes: [route('/none', backendPort), ...others], ...settings });
    await Promise.all(cases.map(({ place, speaker }) => finish(speaker, bytes.subarray(place))));
    // The end of a message is waited for at most a second; on a busy machine the rest may come later.
    const allowed = performance.now() - asked < MESSAGE_WAIT_MS * 0.7 ? messageEnds : frameEnds;

    for (const [index, { place, speaker, listener }] of cases.entries()) {
      const close = await eventually(
        () => decodeFrames(listener.unread).frames.find(({ opcode }) => opcode === OPCODE.close),
        `a Close behind ${place} bytes`,
      );
      expect([readClose(close).code, close.masked]).toEqual([1012, mask]);
      speaker.send(closeFrame(1012, '', mask));
      listener.send(closeFrame(1012, '', !mask));
      listener.end();
      speaker.end();
      const received = await listener.readToEnd();
      const ours = received.length - (2 + 2 + readClose(close).reason.length + (mask ? 4 : 0));
      expect(received.subarray(0, ours).equals(bytes.subarray(0, ours))).toBe(true);
      expect(allowed).toContain(ours);
      expect(ours).toBeGreaterThanOrEqual(before[index] ?? 0);
    }
  });
});
