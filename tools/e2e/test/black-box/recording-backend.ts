import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

import { eventually, parseHead, type RawHead } from '@ocelot/test-support';

/** What one connection of the gateway brought, byte for byte. */
export interface Recording {
  /** Everything that came, as latin1. */
  readonly text: string;
  readonly head: RawHead;
  /** What came behind the head. */
  readonly body: string;
  /** Whether a body came to its end, as the head says it is framed. */
  readonly isWhole: boolean;
  /** Whether the gateway is gone. */
  readonly isOver: boolean;
}

/** A backend that keeps what it was sent, and answers each connection once: its first whole request. */
export interface RecordingBackend {
  readonly port: number;
  /** Waits for the request with this text in its first line. */
  recording(target: string): Promise<Recording>;
  /** Whether anything that was ever sent holds this text. */
  saw(text: string): boolean;
  close(): Promise<void>;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** Starts one on a free port. */
export async function recordingBackend(host = '127.0.0.1'): Promise<RecordingBackend> {
  const connections: { text: string; isOver: boolean }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const connection = { text: '', isOver: false };
    connections.push(connection);
    sockets.add(socket);
    let isAnswered = false;
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (part: string) => {
      connection.text += part;
      if (isAnswered || read(connection)?.isWhole !== true) return;
      isAnswered = true;
      socket.write(ANSWER);
    });
    socket.on('close', () => {
      connection.isOver = true;
      sockets.delete(socket);
    });
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    recording: (target) =>
      eventually(
        () => connections.map(read).find((found) => found?.head.line.includes(target) === true),
        `a request for ${target} reaches the backend`,
      ),
    saw: (text) => connections.some((connection) => connection.text.includes(text)),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function read({ text, isOver }: { readonly text: string; readonly isOver: boolean }): Recording | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = parseHead(text.slice(0, end + 4));
  const body = text.slice(end + 4);
  return { text, head, body, isWhole: isWhole(head, body), isOver };
}

function isWhole(head: RawHead, body: string): boolean {
  if (head.get('transfer-encoding') !== undefined) return /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(body);
  return body.length >= Number(head.get('content-length') ?? 0);
}

/** The content of a chunked body that {@link Recording.isWhole} is true of; trailers as they stand. */
export function dechunked(body: string): { readonly content: string; readonly trailers: string } {
  let content = '';
  let rest = body;
  for (;;) {
    const line = rest.indexOf('\r\n');
    const digits = rest.slice(0, line);
    if (!/^[\da-f]+$/i.test(digits)) throw new Error(`not a plain chunk size: ${JSON.stringify(digits)}`);
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(line + 2);
    if (size === 0) return { content, trailers: rest.replace(/\r\n$/, '') };
    content += rest.slice(0, size);
    if (rest.slice(size, size + 2) !== '\r\n') throw new Error('a chunk does not end');
    rest = rest.slice(size + 2);
  }
}
