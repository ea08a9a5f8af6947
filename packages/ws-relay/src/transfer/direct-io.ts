// Hot path: `readDirect` and `writeDirect` run once per chunk. One read and one write system call, nothing allocated.
//
// Node reads a socket into a new buffer per chunk and writes through a request object per chunk; together they cost a
// relay more than the two system calls. Here every socket reads into one buffer of the process and what goes out is
// written to the descriptor at once. Node keeps the life of the socket (connect, end, errors, close, queueing what the
// kernel did not take). This touches the socket's handle, which Node does not document: it is used only where
// `proveDirectIo` saw it work in this process, and every socket that is not plain TCP stays with the public interface.

import { writeSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Most bytes of one read while a connection is quick, and otherwise. Bigger reads mean fewer calls for big frames. */
const WIDE_BYTES = 262_144;
const NARROW_BYTES = 65_536;
/** Up to this size, views of the read buffer are made once and kept. */
const CACHED_VIEW_BYTES = 2048;
/** How long the proof may take. */
const PROOF_MS = 2000;

/** What is used of the handle below a `net.Socket`. */
export interface DirectHandle {
  /** File descriptor; -1 where there is none. */
  readonly fd: number;
  /** All bytes read so far. */
  readonly bytesRead: number;
  reading: boolean;
  onread: (this: DirectHandle, bytes: ArrayBuffer | undefined) => Buffer | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Who receives; set by {@link takeOver}. */
  directReader?: DirectReader;
}

/** Receives what a taken-over handle reads. */
export interface DirectReader {
  /** Node's own handler, for the end of the stream and for errors. */
  readonly nodeOnRead: DirectHandle['onread'];
  /** All bytes that the handle had read before. */
  bytesReadBefore: number;
  /** Whether the handle reads into the wide window now. */
  isWide: boolean;
  /**
   * The next bytes, in the buffer of the process: valid during the call only.
   * @returns whether all of them went on at once; a connection that does not keep up reads less at a time.
   */
  readDirect(chunk: Buffer): boolean;
}

let wide: Buffer | undefined;
let narrow: Buffer = Buffer.alloc(0);
const views: (Buffer | undefined)[] = [];

function window(): Buffer {
  if (wide === undefined) {
    wide = Buffer.allocUnsafeSlow(WIDE_BYTES);
    narrow = wide.subarray(0, NARROW_BYTES);
  }
  return wide;
}

function view(length: number): Buffer {
  if (length > CACHED_VIEW_BYTES) return window().subarray(0, length);
  return (views[length] ??= window().subarray(0, length));
}

/** The handle of a plain TCP or Unix-domain socket that is open; undefined: use the public interface. */
export function directHandle(socket: Duplex): DirectHandle | undefined {
  // A TLS socket has a descriptor too: what is written there would go out in clear.
  if (!(socket instanceof Socket) || socket.constructor !== Socket || socket.readableLength > 0) return undefined;
  const handle = (socket as unknown as { readonly [name: string]: DirectHandle | null | undefined })['_handle'];
  if (handle === null || handle === undefined) return undefined;
  const kind: unknown = handle.constructor.name;
  if ((kind !== 'TCP' && kind !== 'Pipe') || typeof handle.useUserBuffer !== 'function') return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 && typeof handle.onread === 'function' ? handle : undefined;
}

/** Lets `reader` receive from now on what the handle reads, and starts reading. Once per handle. */
export function takeOver(handle: DirectHandle, reader: DirectReader): void {
  window();
  handle.directReader = reader;
  handle.useUserBuffer(narrow);
  handle.onread = onRead;
  startReading(handle);
}

/** Also where Node believes that it reads already: behind an HTTP upgrade it does so wrongly. */
export function startReading(handle: DirectHandle): void {
  handle.reading = true;
  handle.readStart();
}

/** Stops reading until {@link startReading}; what arrives stays with the operating system. */
export function stopReading(handle: DirectHandle): void {
  handle.reading = false;
  handle.readStop();
}

/** One function for all handles: `this` is the handle. What it returns becomes the handle's next read buffer. */
function onRead(this: DirectHandle, bytes: ArrayBuffer | undefined): Buffer | undefined {
  const reader = this.directReader;
  if (reader === undefined) return undefined;
  const total = this.bytesRead;
  const length = total - reader.bytesReadBefore;
  if (length <= 0) {
    // The end of the stream, an error, or nothing to read after all: Node knows, and tells by events of the socket.
    reader.nodeOnRead.call(this, bytes);
    return undefined;
  }
  reader.bytesReadBefore = total;
  const wentOn = reader.readDirect(view(length));
  if (reader.isWide) {
    if (wentOn) return undefined;
    reader.isWide = false;
    return narrow;
  }
  if (!wentOn || length < NARROW_BYTES) return undefined;
  reader.isWide = true;
  return wide;
}

/**
 * Writes to a descriptor what the kernel takes at once.
 * @returns how many bytes went out, 0 when its buffer is full.
 * @throws Error (ECONNRESET, EPIPE, …) when the connection is broken.
 */
export function writeDirect(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes, 0, bytes.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

let proof: Promise<boolean> | undefined;
let isProven = false;

/** Whether {@link proveDirectIo} ended well in this process. */
export function isDirectIoProven(): boolean {
  return isProven;
}

/**
 * Tries the direct way on a connection of its own (loopback, a few bytes, both ends closed afterwards), once per
 * process.
 * @returns whether bytes and the end of the stream came through as they must; never rejected.
 */
export function proveDirectIo(): Promise<boolean> {
  proof ??= process.platform === 'win32' ? Promise.resolve(false) : prove();
  return proof;
}

async function prove(): Promise<boolean> {
  const server = createServer({ allowHalfOpen: true });
  const near = new Socket();
  const sockets = [near];
  const timer = setTimeout(() => near.destroy(new Error('no proof in time')), PROOF_MS);
  timer.unref();
  try {
    isProven = await new Promise<boolean>((resolve) => {
      const fail = (): void => resolve(false);
      near.on('error', fail);
      near.on('close', fail);
      server.on('error', fail);
      server.on('connection', (far) => {
        sockets.push(far);
        far.on('error', fail);
        echo(far, fail);
      });
      let answer = '';
      near.setEncoding('latin1').on('data', (text: string) => {
        answer += text;
        if (answer === 'proof') near.end();
      });
      near.on('end', () => resolve(answer === 'proof'));
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') fail();
        else near.connect(address.port, '127.0.0.1', () => near.write('proof'));
      });
    });
    return isProven;
  } finally {
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

/** Answers what comes with the same, and the end with the end. */
function echo(socket: Socket, fail: () => void): void {
  const handle = directHandle(socket);
  if (handle === undefined) {
    fail();
    return;
  }
  socket.on('end', () => socket.end());
  takeOver(handle, {
    nodeOnRead: handle.onread,
    bytesReadBefore: handle.bytesRead,
    isWide: false,
    readDirect: (chunk) => writeDirect(handle.fd, chunk) === chunk.length,
  });
}
