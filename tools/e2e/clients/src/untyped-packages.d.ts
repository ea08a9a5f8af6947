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

declare module 'primus' {
  import type { Server } from 'node:http';

  interface Options {
    readonly transformer: 'websockets';
    readonly pathname: string;
    readonly pingInterval?: number;
  }
  /** The server's side of a connection. */
  interface Spark {
    on(event: 'data', listener: (data: unknown) => void): this;
    write(data: unknown): boolean;
  }
  interface ClientOptions {
    readonly reconnect: { readonly min: number; readonly max: number; readonly retries: number };
  }
  class Client {
    constructor(url: string, options: ClientOptions);
    on(event: string, listener: (value: unknown) => void): this;
    once(event: string, listener: (...values: never[]) => void): this;
    write(data: unknown): boolean;
    end(): void;
  }
  class Primus {
    static createSocket(options: Options): typeof Client;
    constructor(server: Server, options: Options);
    on(event: 'connection', listener: (spark: Spark) => void): this;
    destroy(options: { readonly close: boolean }): void;
  }
  export = Primus;
}
