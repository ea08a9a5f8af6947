import type { Message } from './frames.js';

/**
 * What a client asked for, as a relay received it: immutable, read by route matching and by stages.
 *
 * Made once per request by a relay (ws-relay for upgrades, http-relay for everything else). Nothing in it is decoded,
 * normalised or re-encoded: `path` and `query` are the two halves of the request target, split at the first `?`.
 */
export interface GatewayRequest {
  /** `upgrade` for a WebSocket handshake, `http` for everything else. */
  readonly kind: 'upgrade' | 'http';
  /** As received. An upgrade is always `GET` (RFC 6455 §4.2.1), also one by CONNECT over HTTP/2 (RFC 8441 §4). */
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
  /** What the client proved to be on this hop; undefined without a certificate that was verified. */
  readonly certificate?: ClientCertificate | undefined;
}

/** A client certificate that was verified against the gateway's authorities (mTLS, RFC 8446 §4.3.2). */
export interface ClientCertificate {
  /** Distinguished name, as RFC 4514 writes it: `CN=device-7,O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  /** Subject alternative names, each with its kind: `DNS:device-7.example.com`, `URI:spiffe://…`, `email:…`. */
  readonly names: readonly string[];
  /** Hexadecimal, upper case. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate: hexadecimal, upper case, with colons. */
  readonly fingerprint256: string;
}

/** A WebSocket handshake whose head satisfied RFC 6455 §4.2.1. */
export interface UpgradeRequest extends GatewayRequest {
  readonly kind: 'upgrade';
  /** `Sec-WebSocket-Key`: 16 bytes in base64. Over HTTP/2 clients send none: the relay makes one for the backend. */
  readonly key: string;
  /** The offered subprotocols in the client's order (RFC 6455 §11.3.4). */
  readonly protocols: readonly string[];
  /** `Sec-WebSocket-Extensions` as received, several lines joined. */
  readonly extensions: string | undefined;
  /**
   * Accepts the socket before a backend is known, and waits for the client's first message: for credentials that
   * browsers can send no sooner. At most once, from a stage; afterwards refusals are Close frames with the error's
   * close code. No extension is agreed with such a client, and `subprotocol` is what it was told: the same must be all
   * that is offered to the backend. Absent where a relay cannot do it.
   * @throws GatewayError (as a rejection) FIRST_MESSAGE_TIMEOUT, MESSAGE_TOO_BIG, FRAME_INVALID or CLIENT_GONE: throw
   *   it on.
   */
  readonly firstMessage?: (options: FirstMessageOptions) => Promise<Message>;
}

/** How a client is accepted that says who it is in its first message. */
export interface FirstMessageOptions {
  /** The subprotocol that is agreed on; undefined: none. */
  readonly subprotocol: string | undefined;
  /** How long the message may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest message, in bytes. */
  readonly maxBytes: number;
  /** Whether the backend gets the message too, as its first one. */
  readonly forward: boolean;
}
