import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import { within } from './deadline.js';
import { RawConnection } from './raw-connection.js';

/** Types of frames (RFC 9113 §6), by name. */
export const H2 = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; END_STREAM of DATA and HEADERS, ACK of SETTINGS and PING. */
export const H2_FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const;

/** Error codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const H2_CODE = { noError: 0, protocolError: 1, internalError: 2, cancel: 8 } as const;

/** One frame of HTTP/2 as it stood on the wire. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** What {@link rawHttp2} announces. */
export interface RawHttp2Options {
  /** Bytes of DATA that each stream may get before a WINDOW_UPDATE. @default 65535 */
  readonly initialWindow?: number;
  /** Connects with TLS, and asks for HTTP/2 by ALPN (RFC 9113 §3.2). */
  readonly tls?: ConnectionOptions;
}

/**
 * A client that writes and reads frames of HTTP/2 itself: for what `node:http2` would not send, and for what it hides.
 * SETTINGS and PING are acknowledged, nothing else is done by itself.
 */
export class RawHttp2 extends RawConnection {
  /** Every frame that was read, in order. */
  readonly frames: Http2Frame[] = [];

  sendHttp2(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    this.send(Buffer.concat([head, payload]));
  }

  /** Sends HEADERS with the fields as they are, in any order, uncompressed (RFC 7541 §6.2.2). */
  sendHeaders(stream: number, fields: readonly (readonly [string, string])[], flags = 0): void {
    this.sendHttp2(H2.headers, H2_FLAG.endHeaders | flags, stream, headerBlock(fields));
  }

  /** Sends an extended CONNECT (RFC 8441 §4), with more fields behind the usual ones. */
  connect(stream: number, path = '/', more: readonly (readonly [string, string])[] = []): void {
    this.sendHeaders(stream, [...connectFields(path), ...more]);
  }

  /** Sends DATA, also more than the peer allows. */
  sendData(stream: number, payload: Buffer, flags = 0): void {
    this.sendHttp2(H2.data, flags, stream, payload);
  }

  resetStream(stream: number, code: number): void {
    this.sendHttp2(H2.reset, 0, stream, uint32(code));
  }

  /** Lets the peer send more on a stream, or with stream 0 on the connection. */
  sendWindow(stream: number, bytes: number): void {
    this.sendHttp2(H2.windowUpdate, 0, stream, uint32(bytes));
  }

  /** Reads frames until one of the type comes for the stream. */
  async read(type: number, stream: number): Promise<Http2Frame> {
    for (;;) {
      const frame = await this.readAny();
      if (frame.type === type && frame.stream === stream) return frame;
    }
  }

  /** Reads the next frame, whatever it is. */
  async readAny(): Promise<Http2Frame> {
    const head = await this.readBytes(9);
    const payload = await this.readBytes(head.readUIntBE(0, 3));
    const frame = { type: head[3] ?? 0, flags: head[4] ?? 0, stream: head.readUInt32BE(5) & 0x7fff_ffff, payload };
    this.frames.push(frame);
    const isAsked = (frame.type === H2.settings || frame.type === H2.ping) && (frame.flags & H2_FLAG.ack) === 0;
    if (isAsked) this.sendHttp2(frame.type, H2_FLAG.ack, 0, frame.type === H2.ping ? payload : Buffer.alloc(0));
    return frame;
  }
}

/** The fields of an extended CONNECT for a WebSocket. */
export function connectFields(path = '/'): readonly (readonly [string, string])[] {
  return [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'gateway.test'],
    ['sec-websocket-version', '13'],
  ];
}

/** The code of an RST_STREAM frame. */
export function resetCode({ payload }: Http2Frame): number {
  return payload.readUInt32BE(0);
}

/** The fields of HEADERS and CONTINUATION, uncompressed and without names in the dynamic table (RFC 7541 §6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

const KNOWN_STATUSES = [200, 204, 206, 304, 400, 404, 500];

/** The status in a HEADERS frame, which stands first; 0 when the first field is another one, as in trailers. */
export function statusOf({ payload }: Http2Frame): number {
  let at = 0;
  // Updates of the size of the dynamic table (RFC 7541 §6.3).
  while (((payload[at] ?? 0) & 0xe0) === 0x20) at += 1;
  const first = payload[at] ?? 0;
  // :status has places 8 to 14 of the static table (RFC 7541 Appendix A), as a whole or as a name.
  if (first >= 0x88 && first <= 0x8e) return KNOWN_STATUSES[first - 0x88] ?? 0;
  const name = (first & 0xc0) === 0x40 ? first & 0x3f : first & 0x0f;
  if (first >= 0x80 || name < 8 || name > 14) return 0;
  const length = payload[at + 1] ?? 0;
  const value = payload.subarray(at + 2, at + 2 + (length & 0x7f));
  return length < 0x80 ? Number(value.toString('latin1')) : huffmanDigits(value);
}

/** Three digits in the Huffman code (RFC 7541 Appendix B): 0 to 2 have five bits, 3 to 9 six. */
function huffmanDigits(bytes: Buffer): number {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let number = 0;
  for (let i = 0; i < 3; i += 1) {
    const size = bits.startsWith('000') ? 5 : 6;
    const code = Number.parseInt(bits.slice(0, size), 2);
    number = number * 10 + (size === 5 ? code : code - 0x16);
    bits = bits.slice(size);
  }
  return number;
}

/** Connects to a port of 127.0.0.1, sends the preface and waits for the peer's SETTINGS. */
export async function rawHttp2(port: number, { initialWindow = 65_535, tls }: RawHttp2Options = {}): Promise<RawHttp2> {
  const target = { port, host: '127.0.0.1', allowHalfOpen: true };
  const socket: Socket = tls === undefined ? connect(target) : connectTls({ ...target, ALPNProtocols: ['h2'], ...tls });
  socket.setNoDelay(true);
  await within(once(socket, tls === undefined ? 'connect' : 'secureConnect'), `a connection to port ${port}`);
  const client = new RawHttp2(socket);
  client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  // SETTINGS_INITIAL_WINDOW_SIZE, and a HEADER_TABLE_SIZE of 0, so that every answer can be read by itself.
  const window = Buffer.concat([Buffer.from([0, 4]), uint32(initialWindow)]);
  client.sendHttp2(H2.settings, 0, 0, Buffer.concat([window, Buffer.from([0, 1]), uint32(0)]));
  await client.read(H2.settings, 0);
  return client;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string literal without Huffman coding (RFC 7541 §5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const head: number[] = [Math.min(bytes.length, 127)];
  for (let rest = bytes.length - 127; rest >= 0; rest >>= 7) {
    const more = rest > 127;
    head.push((rest & 127) | (more ? 128 : 0));
    if (!more) break;
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}
