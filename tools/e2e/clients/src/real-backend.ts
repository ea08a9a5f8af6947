import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What a stack's server leaves to be ended when its backend stops; `undefined` when the HTTP server is all of it. */
export type Attached = { close(): unknown } | undefined;

/** Puts a stack's real server onto an HTTP server; `name` is told to the clients, so that they know who answered. */
export type Attach = (server: Server, name: string) => Attached;

/** A server behind the gateway, inside the test's process or outside of it. */
export interface StackBackend {
  readonly name: string;
  /** Its own while it is stopped and started again; known once it was started. */
  readonly port: number;
  start(): Promise<void>;
  /** Ends as a killed process does: connections are cut without a last word, the port refuses. Idempotent. */
  crash(): Promise<void>;
  /** {@link crash}, then {@link start}. */
  restart(): Promise<void>;
}

/** A stack's real server on a port that stays its own while it is stopped and started again. */
export class RealBackend implements StackBackend {
  readonly name: string;
  readonly #attach: Attach;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #attached: Attached;
  #port = 0;

  constructor(name: string, attach: Attach) {
    this.name = name;
    this.#attach = attach;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections held now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Listens, on the port it had before if it had one, with a new instance of the stack's server. */
  async start(): Promise<void> {
    const server = createServer();
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined); // A reset is what several tests are about; the stack hears of its own.
    });
    this.#server = server;
    this.#attached = this.#attach(server, this.name);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /**
   * Ends as a killed process does: every connection is cut without a last word, the port refuses. Idempotent.
   */
  async crash(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    this.#attached?.close();
    await closed;
  }

  /** {@link crash}, then {@link start}. */
  async restart(): Promise<void> {
    await this.crash();
    await this.start();
  }
}
