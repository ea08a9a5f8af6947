import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { parseHead, SAMPLE_KEY, switchingHead, upgradeHead, within, type RawHead } from '@ocelot/test-support';

import type { Side } from './conformance-case.js';

/** One end of an open WebSocket: whoever holds it reads on from `rest`. */
export interface OpenedEnd {
  readonly socket: Socket;
  /** What the other end said in the opening handshake. */
  readonly head: RawHead;
  /** As it came, for comparison. */
  readonly headText: string;
  readonly rest: Buffer;
}

export interface OpenedPair {
  readonly client: OpenedEnd;
  readonly backend: OpenedEnd;
}

type Waiter = (end: OpenedEnd) => void;

/** Header lines of one side's handshake. */
export type HeaderLines = Readonly<Record<string, string>>;

/** The server that stands behind the gateway: hands each connection to the run whose target it asks for. */
export class BackendPort {
  readonly #waiting = new Map<string, Waiter>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // A reset is seen by whoever reads; here it only must not go unheard.
    socket.once('close', () => this.#sockets.delete(socket));
    readHead(socket).then(
      (end) => this.#hand(end),
      () => socket.destroy(),
    );
  });

  static async listen(): Promise<BackendPort> {
    const backend = new BackendPort();
    backend.#server.listen(0, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Waits for the connection that asks for `target`; call it before the client connects. */
  next(target: string): Promise<OpenedEnd> {
    return new Promise((resolve) => this.#waiting.set(target, resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #hand(end: OpenedEnd): void {
    const waiter = this.#waiting.get(end.head.target);
    this.#waiting.delete(end.head.target);
    if (waiter === undefined) end.socket.destroy();
    else waiter(end);
  }
}

/** What both sides say in the opening handshake. */
export interface Handshake {
  readonly target: string;
  /** Lines of the client's request. */
  readonly offer?: HeaderLines;
  /** Lines of the backend's 101, told what it was asked. */
  readonly answer?: (request: RawHead) => HeaderLines;
  /** Bytes that go with the head of a side, in the same write. */
  readonly early?: Partial<Readonly<Record<Side, Buffer>>>;
}

/** Opens a WebSocket to `port`, and answers for the backend behind it. */
export async function openPair(port: number, backend: BackendPort, handshake: Handshake): Promise<OpenedPair> {
  const { target, early } = handshake;
  const arriving = backend.next(target);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => undefined); // As above.
  await within(once(socket, 'connect'), `a connection to port ${port}`);
  const head = upgradeHead({ target, headers: { 'Sec-WebSocket-Key': SAMPLE_KEY, ...handshake.offer } });
  socket.write(withBytes(head, early?.client));
  const answering = readHead(socket);
  const refusedEarly = answering.then(({ head }) => {
    if (head.status !== 101) throw new Error(`the handshake was answered with: ${head.line}`);
    return undefined;
  });
  const backendEnd = await within(
    Promise.race([arriving, refusedEarly.then(() => arriving)]),
    `a handshake for ${target} at the backend`,
  );
  const key = backendEnd.head.get('sec-websocket-key') ?? '';
  const switching = switchingHead(key, handshake.answer?.(backendEnd.head));
  backendEnd.socket.write(withBytes(switching, early?.backend));
  const client = await within(answering, 'the 101');
  if (client.head.status !== 101) throw new Error(`the handshake was answered with: ${client.head.line}`);
  return { client, backend: backendEnd };
}

function withBytes(head: string, bytes: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Reads up to the blank line and leaves the socket paused. */
function readHead(socket: Socket): Promise<OpenedEnd> {
  let bytes = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      socket.off('data', take);
      socket.off('close', fail);
      act();
    };
    const fail = (): void => settle(() => reject(new Error('the connection ended inside the handshake')));
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.pause();
      const headText = bytes.toString('latin1', 0, end + 4);
      settle(() => resolve({ socket, head: parseHead(headText), headText, rest: bytes.subarray(end + 4) }));
    };
    socket.on('data', take);
    socket.once('close', fail);
  });
}
