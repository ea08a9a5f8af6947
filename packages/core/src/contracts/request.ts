/**
 * What a client asked for, as a relay received it: immutable, read by route matching and by stages.
 *
 * Made once per request by a relay (ws-relay for upgrades). Nothing in it is decoded, normalised or re-encoded: `path`
 * and `query` are the two halves of the request target, split at the first `?`.
 */
export interface GatewayRequest {
  /** `upgrade` for a WebSocket handshake, `http` for everything else. */
  readonly kind: 'upgrade' | 'http';
  /** Upper case, as received. An upgrade over HTTP/1.1 is always `GET` (RFC 6455 §4.2.1). */
  readonly method: string;
  /** Begins with `/`; percent-encoding untouched. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
  /** The Host header in lower case, without port; an IPv6 literal keeps its brackets. */
  readonly host: string;
  /** The Host header as received, with its port. */
  readonly authority: string;
  /** Name, value, name, value, …: order, case and duplicates kept. */
  readonly rawHeaders: readonly string[];
  /**
   * Looks a header up without regard to case; several values are joined as RFC 9110 §5.3 says (`, `; `; ` for Cookie).
   * @returns undefined when the header is absent.
   */
  header(name: string): string | undefined;
  /** The peer of the TCP connection. Behind trusted proxies the real client is {@link Exchange.clientAddress}. */
  readonly client: ClientPeer;
}

/** The other end of the client's TCP connection. */
export interface ClientPeer {
  /** IP address text; empty when there is none (a Unix-domain socket). */
  readonly address: string;
  readonly port: number;
  /** Whether this hop is encrypted. */
  readonly tls: boolean;
}

/** A WebSocket handshake whose head satisfied RFC 6455 §4.2.1. */
export interface UpgradeRequest extends GatewayRequest {
  readonly kind: 'upgrade';
  /** `Sec-WebSocket-Key`: 16 bytes in base64. */
  readonly key: string;
  /** The offered subprotocols in the client's order (RFC 6455 §11.3.4). */
  readonly protocols: readonly string[];
  /** `Sec-WebSocket-Extensions` as received, several lines joined. */
  readonly extensions: string | undefined;
}
