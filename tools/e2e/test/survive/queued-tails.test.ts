// Situation: one end has sent more than the other, which does not read, will take: the gateway has paused it (S16).
// Action: its connection ends: half (FIN), whole (the process closed it, so it answers what still comes with RST), or RST.
// Expected: what had reached the gateway arrives whole, the end is told behind it, nothing outlives its time.
import { createHash, type Hash } from 'node:crypto';
import { Socket } from 'node:net';

import {
  closeFrame,
  decodeFrames,
  encodeFrame,
  eventually,
  OPCODE,
  readClose,
  within,
  type RawConnection,
} from '@ocelot/test-support';
import { afterEach, describe, expect, it } from 'vitest';

import { HAS_PROC } from '../black-box/gateway-process.js';
import { stand, type Tunnel } from '../black-box/stand.js';
import { caseRoutes, linesAbout } from './case-routes.js';
import { Flood } from './flood.js';
import { HAS_TCP_TABLE, tcpRows, type TcpRow } from './tcp-table.js';

type End = 'client' | 'backend';
const ENDS: readonly End[] = ['client', 'backend'];
const KIB = 1024;

const subject = stand((port) => ({
  Routes: [
    ...caseRoutes('framed', 40, port, { CloseTimeoutMs: 1500 }),
    ...caseRoutes('idle', 10, port, { CloseTimeoutMs: 300, IdleTimeoutMs: 1200 }),
    ...caseRoutes('opaque', 10, port, { CloseTimeoutMs: 1500, Transfer: 'opaque' }),
  ],
}));

let cases = 0;
type Kind = 'framed' | 'opaque' | 'idle';
const nextCase = (mode: Kind): string => `${mode}${(cases += 1) % (mode === 'framed' ? 40 : 10)}`;

afterEach(async () => {
  if (HAS_PROC) await subject.everySocketIsClosed();
});

/** Both directions of the connection that ends at `connection`, as this end and as the gateway's end. */
function rows(connection: RawConnection): { readonly own: TcpRow; readonly gateways: TcpRow | undefined } {
  if (!(connection.socket instanceof Socket)) throw new Error('not a TCP connection');
  const { localPort = 0, remotePort = 0 } = connection.socket;
  const both = tcpRows(localPort);
  const find = (local: number, remote: number): TcpRow | undefined =>
    both.find((row) => row.localPort === local && row.remotePort === remote);
  const own = find(localPort, remotePort);
  if (own === undefined) throw new Error('the connection is gone');
  return { own, gateways: find(remotePort, localPort) };
}

/** What one end sent, and how to tell whether all of it came. */
class Sent {
  readonly #hash: Hash = createHash('sha256');
  bytes = 0;
  push(connection: RawConnection, frame: Buffer): void {
    this.#hash.update(frame);
    this.bytes += frame.length;
    connection.send(frame);
  }
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const dataFrame = (size: number, mask: boolean): Buffer =>
  encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(size, 'd'), mask });

/** Bytes in the buffers of the gateway's system that it has not read, once everything sent lies there or was read. */
async function unreadByGateway(writer: RawConnection): Promise<number> {
  const settled = await eventually(() => {
    const { own, gateways } = rows(writer);
    return own.unconfirmed === 0 && writer.socket.writableLength === 0 ? { gateways } : undefined;
  }, 'the gateway having what was sent');
  return settled.gateways?.unread ?? 0;
}

/** What one direction took before the gateway paused it, learned from the case before: the table is slow to read. */
let learnedBytes = 3072 * KIB;

/** Sends until the gateway reads no more and the rest lies in the buffers of its system: all of it is on its side. */
async function fill(writer: RawConnection, mask: boolean): Promise<Sent> {
  const sent = new Sent();
  const small = dataFrame(48 * KIB, mask);
  sent.push(writer, dataFrame(learnedBytes, mask));
  for (let isPaused = false; !isPaused;) {
    sent.push(writer, small);
    if ((await unreadByGateway(writer)) === 0) continue;
    await new Promise((resolve) => setTimeout(resolve, 30));
    isPaused = (await unreadByGateway(writer)) > 0;
  }
  learnedBytes = sent.bytes - 4 * small.length;
  return sent;
}

async function bothAreGone({ client, backend }: Tunnel): Promise<void> {
  await within(Promise.all([client.closed, backend.closed]), 'both connections being gone');
}

interface Scene {
  readonly tunnel: Tunnel;
  readonly folder: string;
  readonly writer: RawConnection;
  readonly reader: RawConnection;
  readonly sent: Sent;
}

/** The reader does not read, and the gateway does not read from the writer any more. */
async function paused(end: End, mode: Kind = 'framed'): Promise<Scene> {
  const folder = nextCase(mode);
  const tunnel = await subject.open({ folder });
  const [writer, reader] = end === 'client' ? [tunnel.client, tunnel.backend] : [tunnel.backend, tunnel.client];
  reader.pause();
  return { tunnel, folder, writer, reader, sent: await fill(writer, end === 'client') };
}

/** The reader goes on sending, although it does not read; what is sent to a closed connection comes back as RST. */
async function talkOn(reader: RawConnection, mask: boolean): Promise<void> {
  for (let count = 0; count < 20; count += 1) {
    reader.sendFrame({ opcode: OPCODE.text, payload: 'meanwhile', mask });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const lostCode = (end: End): number => (end === 'client' ? 1001 : 1014);
const lost = (end: End): string => (end === 'client' ? 'CLIENT_GONE' : 'BACKEND_LOST');

describe.runIf(HAS_TCP_TABLE).each(ENDS)('a tail of the %s that waits for a slow reader', (end) => {
  const mask = end === 'client';

  it.each([
    ['half', 'with a Close', (writer: RawConnection) => writer.end()],
    ['half', 'without a Close', (writer: RawConnection) => writer.end()],
    ['wholly', 'with a Close', (writer: RawConnection) => (writer.socket as Socket).destroySoon()],
    ['wholly', 'without a Close', (writer: RawConnection) => (writer.socket as Socket).destroySoon()],
  ])('arrives to its last byte after the connection was closed %s, %s, while the reader talks', async (...row) => {
    const [, farewell, leave] = row;
    const { tunnel, folder, writer, reader, sent } = await paused(end);
    if (farewell === 'with a Close') writer.send(closeFrame(4005, 'done', mask));
    leave(writer);
    await talkOn(reader, !mask);
    reader.resume();
    const data = await reader.readBytes(sent.bytes);
    expect(digest(data)).toBe(sent.digest);
    const expected = farewell === 'with a Close' ? 4005 : lostCode(end);
    expect(readClose(await reader.readFrame()).code).toBe(expected);
    reader.send(closeFrame(expected, '', !mask));
    reader.end();
    writer.resume();
    await bothAreGone(tunnel);
    const [line] = await linesAbout(subject, folder);
    const isOrderly = farewell === 'with a Close';
    expect(line?.closedBy).toBe(end);
    expect([line?.closeCode, line?.code]).toEqual(isOrderly ? [4005, undefined] : [undefined, lost(end)]);
  });

  it('in opaque mode arrives to its last byte after the connection was closed wholly', async () => {
    const { tunnel, writer, reader, sent } = await paused(end, 'opaque');
    (writer.socket as Socket).destroySoon();
    await talkOn(reader, !mask);
    reader.resume();
    const data = await reader.readToEnd().catch(() => reader.unread);
    expect([data.length, digest(data)]).toEqual([sent.bytes, sent.digest]);
    reader.end();
    await bothAreGone(tunnel);
  });

  it('and is cut by RST arrives as far as whole frames go, then the end', async () => {
    const { tunnel, folder, writer, reader } = await paused(end);
    writer.reset();
    await new Promise((resolve) => setTimeout(resolve, 20));
    reader.resume();
    await within(reader.ended, 'the end of the stream');
    const { frames, rest } = decodeFrames(await reader.readToEnd());
    const last = frames.at(-1);
    // A Close stands only behind a whole frame.
    if (rest.length === 0 && last !== undefined) expect(readClose(last).code).toBe(lostCode(end));
    reader.end();
    await bothAreGone(tunnel);
    expect(await linesAbout(subject, folder)).toMatchObject([{ closedBy: end, code: lost(end) }]);
  });

  // Nobody polls a paused connection, so nobody sees that it broke until its direction goes on; a limit of time does.
  it('and is cut by RST while the reader never reads again ends with the limit of its route', async () => {
    const folder = nextCase('idle');
    const { client, backend } = await subject.open({ folder });
    const [writer, reader] = end === 'client' ? [client, backend] : [backend, client];
    reader.pause();
    await new Flood(writer, mask, 64 * KIB * KIB).stalled();
    writer.reset();
    expect(await linesAbout(subject, folder)).toMatchObject([{ closedBy: 'gateway', code: 'IDLE_TIMEOUT' }]);
    reader.destroy();
  });

  it('and whose reader then vanishes ends both in time', async () => {
    const { tunnel, folder, writer, reader } = await paused(end);
    reader.reset();
    writer.end();
    await bothAreGone(tunnel);
    expect(await linesAbout(subject, folder)).toHaveLength(1);
  });
});
