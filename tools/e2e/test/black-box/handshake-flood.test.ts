// Situation: sockets are open and talk; a flood of clients begins handshakes and never finishes them (S9).
// Action: all kinds of it at once: silence, half a head, a head byte by byte, heads of 60 KB, 900 small headers, and
//   whole heads towards a backend that never answers. 2,000 clients, ten thousand with LONG_TESTS=1.
// Expected: newcomers above the limit are refused, nobody who is in is disturbed, memory stays within what the limit
//   allows, and afterwards everything is as before.
import { connect, type Socket } from 'node:net';

import { echoBackend, eventually, upgradeHead, type EchoBackend } from '@ocelot/test-support';
import { afterAll, describe, expect, it } from 'vitest';

import { talk, type Talker } from '../../src/talk.js';
import { HAS_PROC } from './gateway-process.js';
import { route, stand } from './stand.js';

const FLOOD = process.env['LONG_TESTS'] !== undefined ? 10_000 : 2000;
const MOST_PENDING = FLOOD / 10;
const OPEN = 50;
const MIB = 1024 * 1024;
/** What a connection costs beside the bytes of its head: two sockets, parser, timers. */
const OVERHEAD_BYTES = 24 * 1024;
/** What the collector may leave lying around. */
const SLACK_BYTES = 48 * MIB;

const HEAD = upgradeHead({ target: '/ws/flood' });
const UNFINISHED = HEAD.slice(0, -2);
const SMALL_HEADERS = Array.from({ length: 900 }, (_, i) => `X-${i}: ${i}\r\n`).join('');

/** What clients of each kind send at first; the dripping ones go on byte by byte. */
const KINDS: readonly string[] = [
  '',
  UNFINISHED,
  `${UNFINISHED}X-Drip: `,
  `${UNFINISHED}X-Big: ${'b'.repeat(60_000)}`,
  UNFINISHED + SMALL_HEADERS,
  HEAD,
];
const DRIPPING = 2;

/** Answers, and what somebody sees who is cut while writing or is one too many to be answered. */
const EXPECTED: ReadonlySet<string> = new Set(['503', '408', '504', 'ECONNRESET', 'EPIPE', 'closed']);

let echo: EchoBackend;

const subject = stand(async (port) => {
  echo = await echoBackend({ perMessageDeflate: false });
  return {
    Routes: [route('/ws/{everything}', port), route('/echo/{everything}', echo.port)],
    GlobalConfiguration: {
      Gateway: { MaxPendingHandshakes: MOST_PENDING, HeadersTimeoutMs: 3000, HandshakeTimeoutMs: 3000 },
    },
  };
});

const narrow = stand(() => ({
  Routes: [route('/echo/{everything}', echo.port)],
  GlobalConfiguration: { Gateway: { MaxPendingHandshakes: 5 } },
}));

afterAll(() => echo.close());

/** One client of the flood, and how it ended: a status, an error code, or nothing yet. */
interface Attacker {
  readonly socket: Socket;
  end: string;
}

function attack(kind: number): Attacker {
  const socket = connect(subject.gateway.port, '127.0.0.1');
  const attacker: Attacker = { socket, end: '' };
  let drip: NodeJS.Timeout | undefined;
  socket.once('connect', () => {
    socket.write(KINDS[kind] ?? '');
    if (kind === DRIPPING) drip = setInterval(() => socket.writable && socket.write('x'), 200);
  });
  socket.once('data', (bytes: Buffer) => (attacker.end = bytes.toString('latin1', 9, 12)));
  socket.on('error', (error: NodeJS.ErrnoException) => (attacker.end ||= error.code ?? 'error'));
  socket.once('close', () => {
    clearInterval(drip);
    attacker.end ||= 'closed';
  });
  return attacker;
}

/** Opens sockets that talk without a pause until they are told to stop. */
async function talkers(): Promise<{ readonly answers: () => number; stop(): Promise<void> }> {
  const list = await Promise.all(
    Array.from({ length: OPEN }, () => talk(`ws://${subject.gateway.authority}/echo/1`, { perMessageDeflate: false })),
  );
  let answers = 0;
  const over = new AbortController();
  const chat = async (talker: Talker): Promise<void> => {
    for (let i = 0; !over.signal.aborted; i += 1) {
      expect(await talker.ask(String(i))).toBe(String(i));
      answers += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await talker.close();
  };
  const chats = list.map(chat);
  return {
    answers: () => answers,
    async stop() {
      over.abort();
      await Promise.all(chats);
    },
  };
}

describe('a flood of handshakes that are never finished', () => {
  it('disturbs no open socket, is bounded in memory, and is over when it is over', { timeout: 60_000 }, async () => {
    const conversation = await talkers();
    const socketsBefore = HAS_PROC ? subject.process.sockets : 0;
    const bytesBefore = HAS_PROC ? subject.process.residentBytes : 0;
    const attackers: Attacker[] = [];
    while (attackers.length < FLOOD) {
      for (let i = 0; i < 100; i += 1) attackers.push(attack(attackers.length % KINDS.length));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const duringFlood = conversation.answers();
    const ended = (): readonly string[] => attackers.map(({ end }) => end).filter((end) => end !== '');

    await eventually(() => ended().includes('503'), 'newcomers are refused');
    if (HAS_PROC) {
      expect(subject.process.sockets - socketsBefore).toBeLessThan(MOST_PENDING * 2 + 300);
      const growth = subject.process.peakResidentBytes - bytesBefore;
      expect(growth, 'bytes for the pending').toBeLessThan(MOST_PENDING * (64 * 1024 + OVERHEAD_BYTES) + SLACK_BYTES);
    }
    // Attackers that stay are let go by the limits of time; those in the queue of the system are next, and so on.
    await eventually(() => ended().includes('408') && ended().includes('504'), 'the first in are out of time', 15_000);
    expect(ended().filter((end) => !EXPECTED.has(end))).toEqual([]);
    await eventually(() => conversation.answers() > duringFlood + OPEN, 'open sockets go on talking');

    for (const { socket } of attackers) socket.destroy();
    const late = await eventually(
      () => talk(`ws://${subject.gateway.authority}/echo/late`).catch(() => undefined),
      'a newcomer is served again',
    );
    expect(await late.ask('served')).toBe('served');
    await late.close();
    await conversation.stop();
    if (HAS_PROC) await subject.everySocketIsClosed();
    const refusals = subject.gateway.logs().filter((line) => String(line['msg']).includes('MaxPendingHandshakes'));
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThan(6);
  });
});

describe('MaxPendingHandshakes', () => {
  it('counts neither sockets that are open nor those that ended, however they did', async () => {
    const url = `ws://${narrow.gateway.authority}/echo/1`;
    const open: Talker[] = [];
    for (let i = 0; i < 60; i += 1) {
      const talker = await talk(url, { perMessageDeflate: false });
      expect(await talker.ask('in')).toBe('in');
      if (i % 3 === 0) open.push(talker);
      else if (i % 3 === 1) await talker.close();
      else talker.socket.terminate();
    }
    expect(await Promise.all(open.map((talker) => talker.ask('still')))).toEqual(open.map(() => 'still'));
    await Promise.all(open.map((talker) => talker.close()));
  });
});
