import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';

/** How long a connection without a stream is kept: a browser opens its next one on it. */
const IDLE_MS = 60_000;
/** How long the other side may take to close its end. */
const LINGER_MS = 2_000;
/** How often a client with open streams is asked whether it is there (PING, RFC 9113 §6.7). */
const PROBE_MS = 20_000;

/** What of a gate bounds streams. */
export interface Places {
  /** @returns false when there is no room. */
  takePlace(): boolean;
  leavePlace(): void;
}

/**
 * One HTTP/2 connection of a client: counts its streams, ends it when it has none for too long, and cuts it when nobody
 * answers for those it has. The first stream takes the place that the connection has anyway, each further one a place
 * of its own.
 */
export class Http2Connection {
  readonly #session: ServerHttp2Session;
  readonly #socket: Duplex;
  readonly #places: Places;
  #open = 0;
  #timer: NodeJS.Timeout | undefined;
  #probe: NodeJS.Timeout | undefined;

  /**
   * @param socket what the session runs on.
   * @param firstStreamMs how long the client may take for its first request.
   */
  constructor(session: ServerHttp2Session, socket: Duplex, places: Places, firstStreamMs: number) {
    this.#session = session;
    this.#socket = socket;
    this.#places = places;
    socket.once('close', () => {
      clearTimeout(this.#timer);
      clearInterval(this.#probe);
    });
    this.#closeAfter(firstStreamMs);
  }

  /**
   * Counts a stream until it closes.
   * @returns false when there is no room for it; it counts all the same.
   */
  enter(stream: ServerHttp2Stream): boolean {
    clearTimeout(this.#timer);
    this.#open += 1;
    if (this.#open === 1) this.#askAgainAndAgain();
    const hasOwnPlace = this.#open > 1 && this.#places.takePlace();
    const isIn = hasOwnPlace || this.#open === 1;
    stream.once('close', () => {
      this.#open -= 1;
      if (hasOwnPlace) this.#places.leavePlace();
      if (this.#open > 0) return;
      clearInterval(this.#probe);
      if (!this.#socket.destroyed) this.#closeAfter(IDLE_MS);
    });
    return isIn;
  }

  /**
   * Takes no new streams (GOAWAY, RFC 9113 §6.8) and ends once the open ones have. Idempotent.
   */
  close(): void {
    if (!this.#session.closed) this.#session.close();
    if (this.#open === 0) this.#lingerAtMost();
  }

  /**
   * A connection that nghttp2 gave up (GOAWAY, after an error of the client) is neither closed nor read any more by Node
   * 20, so that even its FIN is not seen: without a question its streams, and what they hold at backends, would stay
   * for good.
   */
  #askAgainAndAgain(): void {
    let isAsked = false;
    clearInterval(this.#probe);
    this.#probe = setInterval(() => {
      if (isAsked) {
        this.#socket.destroy();
        return;
      }
      if (this.#session.destroyed) return;
      isAsked = true;
      this.#session.ping((error) => (isAsked = error !== null));
    }, PROBE_MS).unref();
  }

  #closeAfter(idleMs: number): void {
    clearTimeout(this.#timer);
    if (this.#session.closed) this.#lingerAtMost();
    else this.#timer = setTimeout(() => this.close(), idleMs).unref();
  }

  /** Node waits for the other side's end without a limit. */
  #lingerAtMost(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }
}
