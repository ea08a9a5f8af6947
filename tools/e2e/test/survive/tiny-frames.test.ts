// Situation: a peer sends a million frames of one byte, or one message in a million fragments (S20).
// Action: all at once, each way.
// Expected: every byte arrives, each is counted, memory stays flat and other sockets are served meanwhile.
import { createHash } from 'node:crypto';
import { once } from 'node:events';

import { encodeFrame, OPCODE, within, type RawConnection } from '@ocelot/test-support';
import { beforeAll, describe, expect, it } from 'vitest';

import { HAS_PROC } from '../black-box/gateway-process.js';
import { stand } from '../black-box/stand.js';
import { caseRoutes } from './case-routes.js';

const COUNT = 1_000_000;
const GROWTH_BYTES = 20 * 1_048_576;
const ENDS = ['client', 'backend'] as const;
type End = (typeof ENDS)[number];

let cases = 0;
const subject = stand((port) => ({ Routes: caseRoutes('tiny', 20, port, {}) }));

interface Stream {
  readonly name: string;
  readonly messages: number;
  /** Its frames, by their place. */
  readonly frame: (index: number, mask: boolean) => Buffer;
}

const data = (mask: boolean, opcode: number, fin: boolean, payload = 'x'): Buffer =>
  encodeFrame({ opcode, fin, payload, mask });
const KINDS: readonly Stream[] = [
  { name: 'messages of one byte', messages: COUNT, frame: (_, mask) => data(mask, OPCODE.text, true) },
  {
    name: 'fragments of one byte',
    messages: 1,
    frame: (at, mask) => data(mask, at === 0 ? OPCODE.text : OPCODE.continuation, at === COUNT - 1),
  },
  {
    name: 'fragments of nothing',
    messages: 1,
    frame: (at, mask) => data(mask, at === 0 ? OPCODE.text : OPCODE.continuation, at === COUNT - 1, ''),
  },
];

/** The first frame, all those between, and the last: those between are the same a million times. */
function bytesOf(kind: Stream, mask: boolean): Buffer {
  const between = kind.frame(1, mask);
  const many = Buffer.alloc(between.length * (COUNT - 2), between);
  return Buffer.concat([kind.frame(0, mask), many, kind.frame(COUNT - 1, mask)]);
}

async function swallow(connection: RawConnection, length: number): Promise<string> {
  const hash = createHash('sha256');
  let count = 0;
  connection.socket.removeAllListeners('data');
  const all = new Promise<void>((resolve) => {
    connection.socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      count += chunk.length;
      if (count >= length) resolve();
    });
  });
  await within(all, `${length} bytes`, 30_000);
  return hash.digest('hex');
}

async function play(kind: Stream, end: End): Promise<void> {
  const folder = `tiny${cases}`;
  cases += 1;
  const { client, backend } = await subject.open({ folder });
  const [writer, reader] = end === 'client' ? [client, backend] : [backend, client];
  const bytes = bytesOf(kind, end === 'client');
  const received = swallow(reader, bytes.length);
  if (!writer.send(bytes)) await once(writer.socket, 'drain');
  expect(await received).toBe(createHash('sha256').update(bytes).digest('hex'));
  client.destroy();
  backend.destroy();
  const counter = end === 'client' ? 'messagesFromClient' : 'messagesFromBackend';
  const wanted = (line: Record<string, unknown>): boolean =>
    line.msg === 'session closed' && line.route === `/${folder}/{everything}`;
  expect((await subject.gateway.log(wanted))[counter]).toBe(kind.messages);
}

beforeAll(() => play(KINDS[0] ?? { name: '', messages: 0, frame: () => Buffer.alloc(0) }, 'client'));

describe.each(KINDS)('a million $name', (kind) => {
  it.each(ENDS)('from the %s arrive, are counted, and hold up nobody', { timeout: 60_000 }, async (end) => {
    const bystander = await subject.open({ folder: 'tiny19' });
    if (HAS_PROC) subject.process.forgetPeak();
    const before = HAS_PROC ? subject.process.residentBytes : 0;
    const played = play(kind, end);
    bystander.client.sendFrame({ opcode: OPCODE.text, payload: 'and me?', mask: true });
    expect((await bystander.backend.readFrame()).payload.toString()).toBe('and me?');
    await played;
    if (HAS_PROC) expect(subject.process.peakResidentBytes - before).toBeLessThanOrEqual(GROWTH_BYTES);
  });
});
