import { within } from '@ocelot/test-support';
import FayeWebSocket from 'faye-websocket';
import { type Agent, WebSocket as UndiciWebSocket } from 'undici';
import { WebSocket as WsWebSocket } from 'ws';

import { Inbox } from './events.ts';

/** How a connection ended, as the client's own API says it. */
export interface PlainClose {
  readonly code: number;
  readonly reason: string;
}

/** A WebSocket of any maker, opened. */
export interface PlainSocket {
  readonly protocol: string;
  readonly extensions: string;
  send(data: string | Uint8Array): void;
  /** The next message that nobody took: text as a string, binary as bytes. */
  next(what: string): Promise<string | Uint8Array>;
  close(code: number, reason: string): void;
  readonly closed: Promise<PlainClose>;
}

/** A maker's client. */
export interface PlainClient {
  readonly name: string;
  /** The code it reports when the gateway closes with 1014, BACKEND_LOST. */
  readonly lostCode: number;
  /** Resolves once open. @throws when the handshake is refused. */
  readonly open: (url: string, protocols?: readonly string[]) => Promise<PlainSocket>;
}

/** What the W3C interface of a WebSocket has in common at all makers. */
interface W3cSocket {
  binaryType: string;
  readonly protocol: string;
  readonly extensions?: string;
  addEventListener(type: 'open', listener: () => void): unknown;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): unknown;
  addEventListener(type: 'close', listener: (event: PlainClose) => void): unknown;
  addEventListener(type: 'error', listener: (event: { readonly message: string }) => void): unknown;
  send(data: never): unknown;
  close(code?: number, reason?: string): unknown;
}

/** Without it faye-websocket names the address in SNI, which holds names only (RFC 6066 §3). */
const NAMED = { tls: { servername: 'localhost' } };

/** The `WebSocket` of Node 22 and later. */
const { WebSocket: NodesOwn } = globalThis as unknown as {
  readonly WebSocket?: new (url: string, protocols: readonly string[]) => W3cSocket;
};

/** Clients that are called as a browser's `WebSocket` is. */
export const PLAIN_CLIENTS: readonly PlainClient[] = [
  ...(NodesOwn ? [w3c(`Node's own of ${process.version}`, (url, protocols) => new NodesOwn(url, protocols))] : []),
  w3c('ws 8.23', (url, protocols) => new WsWebSocket(url, [...protocols])),
  w3c('undici 7.30', (url, protocols) => new UndiciWebSocket(url, [...protocols])),
  // Its driver knows no code between 1012 and 2999 and calls them all a protocol error.
  w3c('faye-websocket 0.11', (url, protocols) => new FayeWebSocket.Client(url, [...protocols], NAMED), 1002),
];

/** Undici's client where it may speak HTTP/2, which it does over TLS only, through the given agent. */
export function undiciHttp2(dispatcher: Agent): PlainClient {
  return w3c('undici 7.30 over HTTP/2', (url, protocols) => {
    return new UndiciWebSocket(url, { protocols: [...protocols], dispatcher });
  });
}

function w3c(
  name: string,
  create: (url: string, protocols: readonly string[]) => W3cSocket,
  lostCode = 1014,
): PlainClient {
  return {
    name,
    lostCode,
    open: async (url, protocols = []) => {
      const socket = create(url, protocols);
      socket.binaryType = 'arraybuffer';
      const inbox = new Inbox<string | Uint8Array>();
      socket.addEventListener('message', ({ data }) => {
        inbox.add(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
      });
      const closed = new Promise<PlainClose>((resolve) => {
        socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
      });
      const opened = new Promise<void>((resolve, reject) => {
        socket.addEventListener('open', () => resolve());
        socket.addEventListener('error', ({ message }) => reject(new Error(message)));
      });
      await within(opened, `${name} to open ${url}`);
      return {
        protocol: socket.protocol,
        extensions: socket.extensions ?? '',
        send: (data) => void socket.send(data as never),
        next: (what) => inbox.next(what),
        close: (code, reason) => void socket.close(code, reason),
        closed: within(closed, `${name} to be closed`, 60_000),
      };
    },
  };
}
