import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import type { Side } from './conformance-case.js';

/** Changes what one side sends behind its handshake, read by read. */
export type Tamper = (from: Side, bytes: Buffer) => Buffer;

/** A relay of bytes that is wrong on purpose: what the suite has to notice. */
export class TamperingRelay {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#serve(client));
  readonly #backendPort: number;
  readonly #tamper: Tamper;

  private constructor(backendPort: number, tamper: Tamper) {
    this.#backendPort = backendPort;
    this.#tamper = tamper;
  }

  static async listen(backendPort: number, tamper: Tamper): Promise<TamperingRelay> {
    const relay = new TamperingRelay(backendPort, tamper);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    const backend = connect({ port: this.#backendPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#pass('client', client, backend);
    this.#pass('backend', backend, client);
  }

  #pass(from: Side, source: Socket, target: Socket): void {
    this.#sockets.add(source);
    let isOpen = false;
    source.on('error', () => target.destroy());
    source.on('data', (bytes: Buffer) => {
      const out = isOpen ? this.#tamper(from, bytes) : bytes;
      isOpen ||= bytes.includes('\r\n\r\n');
      if (target.writable) target.write(out);
    });
    source.once('end', () => target.end());
    source.once('close', () => this.#sockets.delete(source));
  }
}
