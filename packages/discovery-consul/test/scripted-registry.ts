import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** What a {@link ScriptedRegistry} does with one request; `number` counts from 1. */
export type RegistryScript = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** A real HTTP server in Consul's place that misbehaves as told: what a healthy Consul cannot be brought to do. */
export class ScriptedRegistry {
  /** Targets asked for, oldest first. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #host: string;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.#host = host;
  }

  /** @param tls Key and certificate: it speaks HTTPS then. */
  static async start(
    script: RegistryScript,
    host: string = '127.0.0.1',
    tls?: ServerOptions,
  ): Promise<ScriptedRegistry> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const registry = new ScriptedRegistry(server, host);
    server.on('connection', (socket) => {
      registry.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => registry.#sockets.delete(socket));
    });
    server.on('request', (request, response) => {
      registry.requests.push(request.url ?? '');
      script(request, response, registry.requests.length);
    });
    server.listen(0, host);
    await once(server, 'listening');
    return registry;
  }

  /** The section `ServiceDiscoveryProvider` that leads here. */
  get section(): { readonly Host: string; readonly Port: number } {
    return { Host: this.#host, Port: (this.#server.address() as AddressInfo).port };
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** One instance as Consul lists it. */
export function entry(port: number, host: string = '127.0.0.1'): object {
  return { Node: { Node: 'n', Address: host }, Service: { ID: `i-${port}`, Address: host, Port: port } };
}

/** Answers as Consul does. */
export function answer(response: ServerResponse, entries: readonly object[], index: number | undefined): void {
  const headers = { 'content-type': 'application/json', ...(index === undefined ? {} : { 'x-consul-index': index }) };
  response.writeHead(200, headers).end(JSON.stringify(entries));
}
