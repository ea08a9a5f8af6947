import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { closeFrame, encodeFrame, OPCODE, switchingHead, upgradeHead, within } from '@ocelot/test-support';

/** First byte of a Close frame (RFC 6455 §5.2). */
const CLOSE_BYTE = 0x80 | OPCODE.close;
const HEAD_END = '\r\n\r\n';

/** How many sockets a crowd opens at the same time. */
const AT_ONCE = 100;

/** A backend for crowds: sends every frame back as it is, unmasked, and answers a Close. */
export interface CrowdBackend {
  readonly port: number;
  /** Connections open now. */
  readonly open: number;
  close(): Promise<void>;
}

/** Starts one. It knows short frames only and expects each in one piece, as a crowd sends them. */
export async function crowdBackend(): Promise<CrowdBackend> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // A crowd resets some of its connections.
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(head.toString('latin1'))?.[1] ?? '';
      socket.write(switchingHead(key));
      socket.on('data', (chunk: Buffer) => echo(socket, chunk));
    });
  });
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function echo(socket: Socket, chunk: Buffer): void {
  for (let at = 0; at < chunk.length;) {
    const length = (chunk[at + 1] ?? 0) & 0x7f;
    const payload = Buffer.from(chunk.subarray(at + 6, at + 6 + length));
    for (let i = 0; i < length; i += 1) payload[i] = (payload[i] ?? 0) ^ (chunk[at + 2 + (i % 4)] ?? 0);
    socket.write(encodeFrame({ opcode: (chunk[at] ?? 0) & 0x0f, payload }));
    if (chunk[at] === CLOSE_BYTE) socket.end();
    at += 6 + length;
  }
}

/** One WebSocket of a crowd: short texts, one at a time, and as little memory as can be. */
export class Member {
  readonly #socket: Socket;
  #closeCode: number | undefined;
  #wake: ((bytes: Buffer) => void) | undefined;
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined); // Whoever waits sees that the connection is closed.
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('close', () => this.#wake?.(Buffer.alloc(0)));
  }

  /** @throws Error when the answer is not a 101. */
  static async join(port: number, target: string): Promise<Member> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const member = new Member(socket);
    const answer = member.#next();
    socket.write(upgradeHead({ target }));
    const head = (await within(answer, `an answer to ${target}`)).toString('latin1');
    if (!head.startsWith('HTTP/1.1 101 ') || !head.endsWith(HEAD_END)) throw new Error(`answered: ${head}`);
    return member;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#closeCode === undefined;
  }
  /** The code that the other side closed with. */
  get closeCode(): number | undefined {
    return this.#closeCode;
  }

  /** Sends a short text and waits for it to come back. @throws Error when something else does. */
  async echo(text: string): Promise<void> {
    const answer = this.#next();
    this.#socket.write(encodeFrame({ opcode: OPCODE.text, payload: text, mask: true }));
    const frame = await within(answer, `the echo of "${text}"`);
    const payload = frame.subarray(2).toString();
    if (payload !== text) throw new Error(`"${text}" came back as ${JSON.stringify(frame.toString('latin1'))}`);
  }

  /** Closes in order and waits for the end of the connection. */
  async leave(): Promise<void> {
    this.#socket.write(closeFrame(1000, '', true));
    await within(this.closed, 'the end of a connection after its Close');
  }
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #next(): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
  #receive(chunk: Buffer): void {
    if (chunk[0] !== CLOSE_BYTE) {
      this.#wake?.(chunk);
      this.#wake = undefined;
      return;
    }
    this.#closeCode = chunk.readUInt16BE(2);
    this.#socket.end(closeFrame(this.#closeCode, '', true));
  }
}

/** Does `count` things, some of them at the same time. */
export async function crowd<T>(count: number, act: (index: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      results[index] = await act(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  return results;
}

/** As many connections through a gateway as `wanted`, or as the open files of one process allow at both its ends. */
export function affordable(wanted: number): number {
  const limit = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === undefined ? wanted : Math.min(wanted, Math.floor((Number(limit) - 1000) / 2));
}
