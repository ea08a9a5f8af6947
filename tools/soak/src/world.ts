import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { type Fault, type FaultPlan, faultRelay, type FaultRelay } from '@ocelot/test-support';

import type { Conversation } from './conversation.js';
import { conversationOf, readHead } from './http-head.js';
import type { Speaker } from './message-content.js';

/** What surrounds the gateway: the backend behind it, and the relays on both legs. */
export class World {
  /** Conversations under way, by number: how a connection finds its own. */
  readonly conversations = new Map<number, Conversation>();
  /** Faults that relays made so far, by leg and kind. */
  readonly faults: Record<string, number> = {};
  readonly #sockets = new Set<Socket>();
  #backend: Server | undefined;
  #front: FaultRelay | undefined;
  #back: FaultRelay | undefined;

  /** Opens the backend and the relay before it. */
  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(server, 'listening');
    this.#backend = server;
    this.#back = await this.#relay('backend', this.backendPort, ({ plan }) => plan.back);
  }

  /** Opens the relay before the gateway. */
  async openFront(gatewayPort: number): Promise<void> {
    this.#front = await this.#relay('client', gatewayPort, ({ plan }) => plan.front);
  }

  get backendPort(): number {
    return (this.#backend?.address() as AddressInfo | null)?.port ?? 0;
  }
  get backPort(): number {
    return this.#back?.port ?? 0;
  }
  get frontPort(): number {
    return this.#front?.port ?? 0;
  }

  /** Cuts whatever is open and stops listening. */
  async close(): Promise<void> {
    await this.#front?.close();
    await this.#back?.close();
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#backend;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #relay(
    leg: Speaker,
    port: number,
    planOf: (conversation: Conversation) => FaultPlan | undefined,
  ): Promise<FaultRelay> {
    const owners = new Map<number, Conversation>();
    return faultRelay({
      port,
      readsOpening: true,
      plan: (index, opening) => {
        const conversation = this.#find(opening.toString('latin1'));
        const plan = conversation === undefined ? undefined : planOf(conversation);
        if (conversation === undefined || plan === undefined) return {};
        if ((plan.faults ?? []).length > 0) owners.set(index, conversation);
        return plan;
      },
      onFault: (index: number, fault: Fault) => {
        const name = `${leg} ${fault.kind}`;
        this.faults[name] = (this.faults[name] ?? 0) + 1;
        owners.get(index)?.failed(leg, fault);
        // A plan has one fault; what is kept here must not outlive it.
        owners.delete(index);
      },
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // Conversations look at `close`, which follows.
    socket.once('close', () => this.#sockets.delete(socket));
    void readHead(socket).then((head) => {
      const conversation = head === undefined ? undefined : this.#find(head.text);
      if (head === undefined || conversation === undefined) socket.destroy();
      else return conversation.meet(socket, head);
      return undefined;
    });
  }

  #find(request: string): Conversation | undefined {
    const id = conversationOf(request);
    return id === undefined ? undefined : this.conversations.get(id);
  }
}
