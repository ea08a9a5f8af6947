import type { Socket } from 'node:net';

import type { Fault, FaultPlan, Way } from './fault-plan.js';
import { RelayWay } from './fault-relay-way.js';
import { resetSocket } from './reset-socket.js';

/**
 * One connection through a fault relay: the socket that came in (`client`) and the one that went out (`server`). A
 * test may let it fail by hand at any moment; every call is idempotent.
 */
export class RelayedConnection {
  readonly index: number;
  readonly client: Socket;
  readonly server: Socket;
  /** Fulfilled once both sockets are gone; never rejected. */
  readonly closed: Promise<void>;
  /** Faults so far, of the plan and by hand, in order. */
  readonly faults: Fault['kind'][] = [];
  readonly #ways: Readonly<Record<Way, RelayWay>>;
  readonly #tell: (fault: Fault) => void;
  #isHalfOpen = false;
  #isOver = false;

  /** Both sockets belong to the connection, are half-open by nature, and have not been read from but for `opening`. */
  constructor(
    index: number,
    client: Socket,
    server: Socket,
    plan: FaultPlan,
    opening: Buffer,
    tell: (fault: Fault) => void,
  ) {
    this.index = index;
    this.client = client;
    this.server = server;
    this.#tell = tell;
    const faults = plan.faults ?? [];
    const way = (name: Way, from: Socket, to: Socket): RelayWay =>
      new RelayWay(
        from,
        to,
        plan[name] ?? {},
        faults.filter((fault) => fault.way === name),
        {
          fault: (fault) => this.#apply(fault),
          ended: () => to.end(),
        },
      );
    this.#ways = { toServer: way('toServer', client, server), toClient: way('toClient', server, client) };
    this.closed = Promise.all([this.#follow(client, server), this.#follow(server, client)]).then(() => undefined);
    if (opening.length > 0) this.#ways.toServer.take(opening);
    else this.#ways.toServer.begin();
    this.#ways.toClient.begin();
  }

  /** Bytes handed on so far. */
  passed(way: Way): number {
    return this.#ways[way].passed;
  }

  /** FIN to both ends. */
  cut(): void {
    this.#apply({ kind: 'cut', way: 'toServer', afterBytes: this.passed('toServer') });
  }
  /** RST to both ends. */
  reset(): void {
    this.#apply({ kind: 'reset', way: 'toServer', afterBytes: this.passed('toServer') });
  }
  /** From now on both ends hear nothing of each other, not even the end. */
  halfOpen(): void {
    this.#apply({ kind: 'halfOpen', way: 'toServer', afterBytes: this.passed('toServer') });
  }
  /** FIN to the receiver of one way. */
  halfClose(way: Way): void {
    this.#apply({ kind: 'halfClose', way, afterBytes: this.passed(way) });
  }
  /** Stops reading one way until {@link unstall}. */
  stall(way: Way): void {
    this.#ways[way].stall();
    this.#apply({ kind: 'stall', way, afterBytes: this.passed(way) });
  }
  unstall(way: Way): void {
    this.#ways[way].unstall();
  }
  /** Cuts both sockets at once, without a word about it in {@link faults}. */
  destroy(): void {
    this.#stop();
    this.client.destroy();
    this.server.destroy();
  }

  #apply(fault: Fault): void {
    if (this.#isOver) return;
    this.faults.push(fault.kind);
    this.#tell(fault);
    switch (fault.kind) {
      case 'cut':
        this.#stop();
        this.client.end();
        this.server.end();
        // Read to the end, so that FIN is not answered with RST on its way; both close with the peers' FIN.
        this.client.resume();
        this.server.resume();
        break;
      case 'reset':
        this.#stop();
        resetSocket(this.client);
        resetSocket(this.server);
        break;
      case 'halfOpen':
        this.#isHalfOpen = true;
        this.#ways.toServer.swallow();
        this.#ways.toClient.swallow();
        break;
      case 'halfClose':
        this.#ways[fault.way].stop();
        (fault.way === 'toServer' ? this.server : this.client).end();
        break;
      case 'stall':
        break;
      default:
        fault satisfies never;
    }
  }

  #stop(): void {
    this.#isOver = true;
    this.#ways.toServer.stop();
    this.#ways.toClient.stop();
  }

  /** Carries the end of one socket to the other: an error as RST, silence where the peer is to know nothing. */
  #follow(socket: Socket, other: Socket): Promise<void> {
    let hasFailed = false;
    socket.on('error', () => {
      hasFailed = true;
    });
    // A vanished peer never closes; the socket to it goes when its own other end is done.
    socket.once('end', () => {
      if (this.#isHalfOpen || this.#isOver) socket.end();
    });
    return new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
        if (this.#isHalfOpen || other.destroyed) return;
        if (hasFailed) {
          this.#stop();
          resetSocket(other);
        }
      });
    });
  }
}
