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
