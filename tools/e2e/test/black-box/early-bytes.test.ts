// Situation: bytes travel in pieces of any size and do not wait for anybody's blank line.
// Action: heads are split at every offset; frames stand right behind the handshake on either side.
// Expected: nothing is lost, doubled or reordered, and nothing passes before the 101 was found good.
import { setTimeout as sleep } from 'node:timers/promises';

import { closeFrame, encodeFrame, OPCODE, SAMPLE_KEY, switchingHead, upgradeHead, within } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { route, stand } from './stand.js';

const subject = stand((port) => ({ Routes: [route('/ws/{everything}', port)] }));

const hello = encodeFrame({ opcode: OPCODE.text, payload: 'early', mask: true });
const greeting = encodeFrame({ opcode: OPCODE.text, payload: 'welcome' });

/** Runs `one` for each offset, some at a time. */
async function atEveryOffset(count: number, one: (offset: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: 12 }, lane));
}

describe('a handshake in two pieces', () => {
  it("opens wherever the client's head and first frame are split", async () => {
    const length = upgradeHead({ target: '/ws/c/000' }).length + hello.length;
    await atEveryOffset(length, async (offset) => {
      const target = `/ws/c/${String(offset).padStart(3, '0')}`;
      const bytes = Buffer.concat([Buffer.from(upgradeHead({ target })), hello]);
      const client = await subject.connect();
      await client.sendInPieces([bytes.subarray(0, offset), bytes.subarray(offset)]);
      const { connection, head } = await subject.backend.call(target);
      connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
      expect((await client.readHead()).status, `offset ${offset}`).toBe(101);
      expect((await connection.readFrame()).payload.toString(), `offset ${offset}`).toBe('early');
      client.destroy();
    });
  });

  it("opens wherever the backend's head and first frame are split", async () => {
    const length = switchingHead(SAMPLE_KEY, { 'X-A': 'b' }).length + greeting.length;
    await atEveryOffset(length, async (offset) => {
      const { client, connection, head } = await subject.ask();
      const answer = switchingHead(head.get('sec-websocket-key') ?? '', { 'X-A': 'b' });
      const bytes = Buffer.concat([Buffer.from(answer), greeting]);
      await connection.sendInPieces([bytes.subarray(0, offset), bytes.subarray(offset)]);
      const response = await client.readHead();
      expect(response.status, `offset ${offset}`).toBe(101);
      expect(response.get('x-a')).toBe('b');
      expect((await client.readFrame()).payload.toString(), `offset ${offset}`).toBe('welcome');
      client.destroy();
    });
  });

  it('opens when every byte of both heads travels alone', async () => {
    const target = subject.target();
    const client = await subject.connect();
    await client.sendInPieces(upgradeHead({ target }).split(''));
    const { connection, head } = await subject.backend.call(target);
    const answer = switchingHead(head.get('sec-websocket-key') ?? '');
    await connection.sendInPieces(answer.split(''));
    expect((await client.readHead()).status).toBe(101);
  });
});

describe('frames that do not wait', () => {
  it('behind the request reach the backend once it agreed, and the next ones follow', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(Buffer.concat([Buffer.from(upgradeHead({ target })), hello]));
    const { connection, head } = await subject.backend.call(target);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    await client.readHead();
    client.sendFrame({ opcode: OPCODE.text, payload: 'next', mask: true });
    const frames = await connection.readFrames(2);
    expect(frames.map(({ payload }) => payload.toString())).toEqual(['early', 'next']);
  });

  // Attack: CVE-2026-2833: a tunnel opened by the request's Upgrade header, before any 101.
  it('do not reach the backend before its 101', async () => {
    const target = subject.target();
    const client = await subject.connect();
    client.send(Buffer.concat([Buffer.from(upgradeHead({ target })), hello]));
    const { connection, head } = await subject.backend.call(target);
    client.send(hello);
    await sleep(60);
    expect(connection.unread).toHaveLength(0);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    expect(await connection.readFrames(2)).toHaveLength(2);
  });

  it('in the packet of the 101 reach the client behind it', async () => {
    const { client, connection, head } = await subject.ask();
    const answer = Buffer.from(switchingHead(head.get('sec-websocket-key') ?? ''));
    connection.send(Buffer.concat([answer, greeting, greeting.subarray(0, 3)]));
    await client.readHead();
    expect((await client.readFrame()).payload.toString()).toBe('welcome');
    connection.send(greeting.subarray(3));
    expect((await client.readFrame()).payload.toString()).toBe('welcome');
  });

  it('and a Close among them end the socket with their code', async () => {
    const { client, connection, head } = await subject.ask();
    const answer = Buffer.from(switchingHead(head.get('sec-websocket-key') ?? ''));
    connection.send(
      Buffer.concat([answer, greeting, encodeFrame({ opcode: OPCODE.close, payload: Buffer.from([0x0f, 0xa0]) })]),
    );
    connection.end();
    await client.readHead();
    const frames = await client.readFrames(2);
    client.send(closeFrame(4000, '', true));
    const rest = await client.readToEnd();
    expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODE.text, OPCODE.close]);
    expect(frames[1]?.payload.readUInt16BE(0)).toBe(4000);
    expect(rest).toHaveLength(0);
  });

  it('may be megabytes while the backend still thinks', async () => {
    const target = subject.target();
    const client = await subject.connect();
    const frame = encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(65_536, 'x'), mask: true });
    client.send(upgradeHead({ target }));
    for (let i = 0; i < 64; i += 1) client.send(frame);
    const { connection, head } = await subject.backend.call(target);
    await sleep(50);
    expect(connection.unread).toHaveLength(0);
    connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
    await client.readHead();
    const frames = await within(connection.readFrames(64), 'every early frame');
    expect(frames.every(({ payload }) => payload.length === 65_536)).toBe(true);
  });
});
