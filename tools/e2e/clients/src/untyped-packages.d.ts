// What the tests use of packages that bring no types.

declare module 'faye-websocket' {
  /** A client with the interface of a browser's WebSocket. */
  class Client {
    constructor(url: string, protocols: readonly string[], options: { readonly tls: { readonly servername: string } });
    binaryType: string;
    readonly protocol: string;
    addEventListener(type: string, listener: (event: never) => void): void;
    send(data: string | Uint8Array): boolean;
    close(code?: number, reason?: string): boolean;
  }
  const faye: { readonly Client: typeof Client };
  export = faye;
}

declare module 'y-websocket-server/bin/utils' {
  import type { IncomingMessage } from 'node:http';
  import type { WebSocket } from 'ws';
  import type { Doc } from 'yjs';

  /** Serves one connection; the document's name is the path. */
  export function setupWSConnection(socket: WebSocket, request: IncomingMessage): void;
  /** Documents held, by name. */
  export const docs: Map<string, Doc>;
}
