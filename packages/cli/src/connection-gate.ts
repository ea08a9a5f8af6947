// Runs once per connection that a client opens, also when it is one of a flood: no allocation but for who is answered.

import type { Socket } from 'node:net';

import { type Gateway, GatewayError } from '@ocelot/core';
import { refusalBody } from '@ocelot/relay-kit';

/** How long a refused client may take to read its answer. */
const READ_MS = 2_000;
/** Refused clients that are given this time at once; more than that is a flood, and is cut without an answer. */
const MOST_ANSWERED = 256;
/** How often a flood is written about. */
const REPORT_MS = 10_000;

/** What a client is told for whom there is no room; JSON. */
export const NO_ROOM_BODY: string = refusalBody(
  new GatewayError('OCELOT_ERR_TOO_MANY_CONNECTIONS', {
    message: 'The gateway has as many connections as it may. Connect again later.',
  }),
  503,
  undefined,
);
/** When such a client may come again, in seconds. */
export const NO_ROOM_RETRY_S = 5;

const ANSWER: Buffer = Buffer.from(
  `HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: ${NO_ROOM_RETRY_S}\r\nCache-Control: no-store\r\n` +
    `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${NO_ROOM_BODY.length}\r\n\r\n${NO_ROOM_BODY}`,
);

const PLACE: unique symbol = Symbol('place');

/** A socket that knows where it stands among those that are in. */
interface Entrant extends Socket {
  [PLACE]?: number | undefined;
}

/**
 * Keeps count of the connections of clients and turns away those above the limits, before a byte of them is read.
 * Whoever is in stays: a flood delays newcomers, and takes nothing from open sockets.
 *
 * A connection takes one place, one of HTTP/2 as many as it has streams open, and at least one. Places that carry no
 * open session are pending.
 */
export class ConnectionGate {
  readonly #gateway: Gateway;
  readonly #isAnswering: boolean;
  /** An array, since a Set that is entered and left all the time keeps what left it from being collected cheaply. */
  readonly #inside: Entrant[] = [];
  readonly #left: (this: Entrant) => void;
  readonly #answered = new Set<Socket>();
  /** Streams of HTTP/2 beyond the first of their connection. */
  #furtherStreams = 0;
  #refusedSinceReport = 0;
  #report: NodeJS.Timeout | undefined;

  /**
   * @param gateway Its settings hold the limits, and its open sessions are no longer pending.
   * @param isAnswering whether clients that are turned away can read an answer; over TLS they could not.
   */
  constructor(gateway: Gateway, isAnswering: boolean) {
    this.#gateway = gateway;
    this.#isAnswering = isAnswering;
    // One listener for all sockets; `this` is the socket.
    const leave = (socket: Entrant): void => this.#leave(socket);
    this.#left = function (this: Entrant): void {
      leave(this);
    };
  }

  /**
   * Takes note of a new connection until it closes, or answers it when there is no room. The socket has an error
   * listener already.
   * @returns whether it is in: one that was turned away is not to be served, nor read.
   */
  admit(socket: Socket): boolean {
    if (this.#hasRoom()) {
      const entrant: Entrant = socket;
      entrant[PLACE] = this.#inside.push(entrant) - 1;
      socket.on('close', this.#left);
      return true;
    }
    this.#turnAway(socket);
    return false;
  }

  /**
   * Takes a place for a further stream of a connection that is in.
   * @returns false when there is no room; who has a place gives it back with `leavePlace`.
   */
  takePlace(): boolean {
    if (!this.#hasRoom()) {
      this.#note();
      return false;
    }
    this.#furtherStreams += 1;
    return true;
  }

  leavePlace(): void {
    this.#furtherStreams -= 1;
  }

  /** Cuts whatever is connected. */
  destroy(): void {
    for (const socket of [...this.#inside, ...this.#answered]) socket.destroy();
    clearTimeout(this.#report);
    this.#report = undefined;
  }

  get #places(): number {
    return this.#inside.length + this.#furtherStreams;
  }

  #hasRoom(): boolean {
    const { maxPendingHandshakes, maxConnectionsTotal } = this.#gateway.settings.listener;
    const total = this.#places;
    if (maxConnectionsTotal > 0 && total >= maxConnectionsTotal) return false;
    return maxPendingHandshakes === 0 || total - this.#gateway.openSessions < maxPendingHandshakes;
  }

  /** The last one takes the place of the one that goes. */
  #leave(socket: Entrant): void {
    const place = socket[PLACE];
    if (place === undefined) return;
    socket[PLACE] = undefined;
    const last = this.#inside.pop();
    if (last === undefined || last === socket) return;
    this.#inside[place] = last;
    last[PLACE] = place;
  }

  #turnAway(socket: Socket): void {
    this.#note();
    if (!this.#isAnswering || this.#answered.size >= MOST_ANSWERED) {
      // RST: neither side keeps anything of the connection. A Unix-domain socket knows none, and no port.
      if (socket.localPort === undefined) socket.destroy();
      else socket.resetAndDestroy();
      return;
    }
    this.#answered.add(socket);
    const cut = setTimeout(() => socket.destroy(), READ_MS).unref();
    socket.once('close', () => {
      clearTimeout(cut);
      this.#answered.delete(socket);
    });
    socket.end(ANSWER);
    // What it sends is thrown away: closing with unread bytes would take the answer away as well (RFC 9112 §9.6).
    socket.resume();
  }

  /** One line when a flood begins, then one every {@link REPORT_MS} while it lasts. */
  #note(): void {
    this.#refusedSinceReport += 1;
    if (this.#report === undefined) this.#tell();
  }

  #tell(): void {
    this.#report = undefined;
    if (this.#refusedSinceReport === 0) return;
    const { log, openSessions } = this.#gateway;
    log.warn(
      { refused: this.#refusedSinceReport, openSessions, pending: this.#places - openSessions },
      'clients refused: MaxPendingHandshakes or MaxConnectionsTotal is reached',
    );
    this.#refusedSinceReport = 0;
    this.#report = setTimeout(() => this.#tell(), REPORT_MS).unref();
  }
}
