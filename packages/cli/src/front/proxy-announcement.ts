/** What a balancer says of the client whose connection it passes on. */
export interface AnnouncedClient {
  /** IP address text, as `net.Socket` shows it. */
  readonly address: string;
  readonly port: number;
  /** The client spoke TLS with the balancer (PP2_TYPE_SSL). */
  readonly tls: boolean;
}

/** A PROXY protocol header that was read. */
export interface ProxyHeader {
  /** Bytes it took; what follows is the client's. */
  readonly size: number;
  /**
   * Undefined where the header names no TCP client: LOCAL (a health check of the balancer itself), UNKNOWN, UNSPEC, UDP
   * and Unix-domain clients. The real peer counts then, as the specification says.
   */
  readonly client: AnnouncedClient | undefined;
}

/** A connection that does not begin as the PROXY protocol says. The message completes "the connection was closed:". */
export class ProxyHeaderError extends Error {
  override readonly name: string = 'ProxyHeaderError';
}
