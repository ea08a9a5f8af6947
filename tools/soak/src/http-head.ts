import type { Socket } from 'node:net';

const BLANK_LINE = '\r\n\r\n';
const MAX_HEAD_BYTES = 65_536;

/** An HTTP head and what came behind it. */
export interface Head {
  /** Up to and without the blank line. */
  readonly text: string;
  readonly rest: Buffer;
}

/**
 * Reads the head of a request or a response and leaves the socket paused.
 * @returns undefined when the connection ended before it was complete.
 */
export function readHead(socket: Socket): Promise<Head | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (head: Head | undefined): void => {
      socket.off('data', take);
      socket.off('end', gone);
      socket.off('close', gone);
      if (head !== undefined) socket.pause();
      resolve(head);
    };
    const gone = (): void => settle(undefined);
    const take = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(BLANK_LINE);
      if (end >= 0) settle({ text: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + BLANK_LINE.length) });
      else if (bytes.length > MAX_HEAD_BYTES) gone();
    };
    socket.on('data', take);
    socket.on('end', gone);
    socket.on('close', gone);
    if (socket.destroyed) gone();
  });
}

/** Everything up to the end of the connection, as text; at most 64 KiB of it. */
export function readToEnd(socket: Socket, begun: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = begun.toString('latin1');
    socket.on('data', (chunk: Buffer) => {
      if (text.length < MAX_HEAD_BYTES) text += chunk.toString('latin1');
    });
    socket.once('end', () => resolve(text));
    socket.once('close', () => resolve(text));
    if (socket.destroyed) resolve(text);
    socket.resume();
  });
}

/** The status of a response; 0 when there is none. */
export function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
}

/** The number of the conversation that a request names. */
export function conversationOf(head: string): number | undefined {
  const found = /^GET \S*[?&]c=(\d+)/.exec(head)?.[1];
  return found === undefined ? undefined : Number(found);
}
