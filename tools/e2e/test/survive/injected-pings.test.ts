// Situation: one end speaks slowly, with rests at every kind of place of its stream; the other is silent (S22).
// Action: the gateway pings the silent end in between, and is answered.
// Expected: its pings stand between frames, also between fragments; what was sent is untouched; nobody else sees them.
import { decodeFrame, encodeFrame, eventually, OPCODE, type RawConnection } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand } from '../black-box/stand.js';

const INTERVAL_MS = 40;
/** Longer than a ping takes to be due, seen and written, if nothing else happens on the machine. */
const REST_MS = 120;
const OWN_PING = 'from the other end';

const subject = stand((port) => ({
  Routes: ['client', 'backend'].map((leg) =>
    route(`/ping-${leg}/{everything}`, port, {
      Gateway: { Ping: { IntervalMs: INTERVAL_MS, TimeoutMs: 8000, Legs: leg } },
    }),
  ),
}));

/** A stream with every kind of place, in pieces; behind each of them the speaker rests. */
function pieces(mask: boolean, at: number): readonly Buffer[] {
  const frame = (payload: string, opcode: number, fin = true): Buffer => encodeFrame({ fin, opcode, payload, mask });
  const cut = (bytes: Buffer, ...places: readonly number[]): readonly Buffer[] =>
    [0, ...places].map((from, index) => bytes.subarray(from, places[index]));
  const header = mask ? 14 : 10;
  const long = frame('x'.repeat(66_000), OPCODE.binary);
  return [
    frame('begun, ', OPCODE.text, false),
    ...cut(frame(OWN_PING, OPCODE.ping), 1, 8),
    ...cut(frame('ended', OPCODE.continuation), 1 + (at % 5)),
    ...cut(long, 1 + (at % (header - 1)), header, header + 1 + at, 65_000),
    frame('', OPCODE.text),
  ];
}

interface Heard {
  /** The stream without the gateway's pings. */
  readonly stream: Buffer;
  /** Where in that stream they stood. */
  readonly pings: readonly number[];
}

/** Takes the pings of the gateway out of what came. */
function listen(bytes: Buffer): Heard {
  const parts: Buffer[] = [];
  const pings: number[] = [];
  let size = 0;
  for (let rest = bytes; rest.length > 0;) {
    const decoded = decodeFrame(rest);
    const isOurs = decoded?.frame.opcode === OPCODE.ping && decoded.frame.payload.toString() !== OWN_PING;
    const taken = rest.subarray(0, decoded?.size ?? rest.length);
    if (isOurs) pings.push(size);
    else {
      parts.push(taken);
      size += taken.length;
    }
    rest = rest.subarray(taken.length);
  }
  return { stream: Buffer.concat(parts), pings };
}

/** Answers every ping of the gateway as it comes (RFC 6455 §5.5.2). */
function answering(listener: RawConnection, mask: boolean): () => void {
  let answered = 0;
  const timer = setInterval(() => {
    let seen = 0;
    for (let rest = listener.unread; ;) {
      const decoded = decodeFrame(rest);
      if (decoded === undefined) return;
      rest = rest.subarray(decoded.size);
      const { opcode, payload } = decoded.frame;
      if (opcode !== OPCODE.ping || payload.toString() === OWN_PING) continue;
      seen += 1;
      if (seen <= answered) continue;
      answered = seen;
      listener.sendFrame({ opcode: OPCODE.pong, payload, mask });
    }
  }, 5);
  return () => clearInterval(timer);
}

async function converse(end: 'client' | 'backend', at: number): Promise<Heard & { readonly sent: readonly Buffer[] }> {
  const mask = end === 'client';
  const { client, backend } = await subject.open({ folder: mask ? 'ping-backend' : 'ping-client' });
  const [speaker, listener] = mask ? [client, backend] : [backend, client];
  const stop = answering(listener, !mask);
  const sent = pieces(mask, at);
  for (const piece of sent) {
    // The first bytes one by one: each is a read of the gateway's.
    const slow = Math.min(piece.length, 6);
    await speaker.sendInPieces(Array.from(piece.subarray(0, slow), (byte) => Buffer.from([byte])));
    speaker.send(piece.subarray(slow));
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    // The first rest is one between two fragments.
    if (piece === sent[0]) {
      await eventually(() => listen(listener.unread).pings.includes(piece.length), 'a ping between two fragments');
    }
  }
  const length = Buffer.concat(sent).length;
  await eventually(() => listen(listener.unread).stream.length >= length, 'the whole stream');
  stop();
  const heard = listen(listener.unread);
  // The answers stay with the gateway: who did not ask is not answered.
  expect(speaker.unread.length).toBe(0);
  client.destroy();
  backend.destroy();
  return { ...heard, sent };
}

describe.each(['client', 'backend'] as const)('pings of the gateway while the %s speaks', (end) => {
  it('stand between its frames and fragments only, and change none of its bytes', async () => {
    const heard = await Promise.all(Array.from({ length: 16 }, (_, at) => converse(end, at)));
    for (const { stream, pings, sent } of heard) {
      expect(stream.equals(Buffer.concat(sent))).toBe(true);
      expect(pings.length).toBeGreaterThanOrEqual(2);
      expect(pings).toContain(sent[0]?.length);
    }
  });
});
