import { connect, type Socket } from 'node:net';

import { type Fault, resetSocket, seededRandom, upgradeHead } from '@ocelot/test-support';

import { answerHandshake } from './backend-answer.js';
import { type ConversationPlan, isIntact, isWhole, kindOf } from './conversation-plan.js';
import { bringToEnd } from './ending.js';
import { type Head, readHead, readToEnd, statusOf } from './http-head.js';
import { judgeRefusal, judgeTalk } from './judge.js';
import type { MessageContent, Speaker } from './message-content.js';
import { Peer } from './peer.js';
import type { Violations } from './violations.js';

/** What conversations share. */
export interface Stage {
  readonly seed: string;
  readonly content: MessageContent;
  readonly violations: Violations;
  /** Where clients connect to: the gateway itself, or the relay before it. */
  readonly ports: { readonly gateway: number; readonly front: number };
  /** Within this time a conversation must come to its ending, in milliseconds. */
  readonly patienceMs: number;
  /** Within this time from the first sign of an end both ends must be closed, in milliseconds. */
  readonly settleMs: number;
}

/** How a conversation went. */
export interface Outcome {
  /** What the client was answered; 0: nothing. */
  readonly status: number;
  readonly messages: number;
}

/** One connection from its beginning to its end: plays both ends of it, and judges what arrived. */
export class Conversation {
  readonly plan: ConversationPlan;
  readonly #stage: Stage;
  readonly #sockets: Record<Speaker, Socket[]> = { client: [], backend: [] };
  readonly #waiting = new Set<() => void>();
  readonly #vanished = new Set<Speaker>();
  #client: Peer | undefined;
  #backend: Peer | undefined;
  #status = 0;
  #isOpening = true;
  #patienceTimer: NodeJS.Timeout | undefined;
  #settleTimer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #isOver = false;

  constructor(plan: ConversationPlan, stage: Stage) {
    this.plan = plan;
    this.#stage = stage;
  }

  /** Whether its handshake is not answered yet. */
  get isOpening(): boolean {
    return this.#isOpening;
  }

  /** Plays it to its end. Never rejects. */
  async run(): Promise<Outcome> {
    // Who is to talk until it is told to stop, has time until then.
    if (kindOf(this.plan.id) !== 'steady') this.#losePatience();
    try {
      await this.#live();
    } catch (error) {
      this.#violate('soak', `the soak itself failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    clearTimeout(this.#patienceTimer);
    clearTimeout(this.#settleTimer);
    this.#destroy();
    return { status: this.#status, messages: (this.#client?.received ?? 0) + (this.#backend?.received ?? 0) };
  }

  /** Comes to the ending soon: no new messages. */
  stop(): void {
    this.#isStopping = true;
    this.#losePatience();
    this.#client?.stopSpeaking();
    this.#backend?.stopSpeaking();
    this.#wake();
  }

  /** A request of this conversation reached the backend. */
  async meet(socket: Socket, head: Head): Promise<void> {
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    this.#own('backend', socket);
    if (!(await answerHandshake(socket, head.text, this.plan.handshake)) || this.#isOver) return;
    this.#backend = this.#peer('backend', socket, head.rest);
    void this.#backend.speak();
  }

  /** A relay let a leg fail. */
  failed(leg: Speaker, fault: Fault): void {
    if (fault.kind === 'stall') return;
    if (fault.kind === 'halfOpen') {
      // As if its power went: nobody answers any more, and the relay tells nobody.
      this.#vanished.add(leg);
      for (const socket of this.#sockets[leg]) socket.destroy();
    }
    this.#settleSoon();
    this.#wake();
  }

  async #live(): Promise<void> {
    const head = await this.#ask();
    this.#isOpening = false;
    if (head !== undefined) {
      this.#status = statusOf(head.text);
      const [socket] = this.#sockets.client;
      if (socket === undefined) return;
      if (this.#status === 101) await this.#talk(this.#peer('client', socket, head.rest));
      else {
        const body = await readToEnd(socket, head.rest);
        socket.end();
        if (!this.#isOver) judgeRefusal(this.plan, this.#status, body, (kind, text) => this.#violate(kind, text));
      }
    } else {
      for (const socket of this.#open('client')) socket.end();
      if (!this.#isOver && this.#mustBeAnswered) this.#violate('unanswered', 'there was no answer to the handshake');
    }
    this.#settleSoon();
    await this.#until(() => this.#late.length === 0);
  }

  get #mustBeAnswered(): boolean {
    return !this.plan.opening.startsWith('leaves') && isWhole(this.plan.front) && !this.#vanished.has('client');
  }

  /** Connects and sends the handshake. @returns the head of the answer. */
  async #ask(): Promise<Head | undefined> {
    const { plan } = this;
    const { gateway, front } = this.#stage.ports;
    const port = plan.front === undefined ? gateway : front;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#own('client', socket);
    const leg = plan.back === undefined ? 'direct' : 'relayed';
    const path = plan.opening === 'asks for nothing known' ? '/nowhere' : `/${plan.mode}/${leg}/talk`;
    const version = plan.opening === 'asks wrongly' ? '12' : '13';
    const request = upgradeHead({ target: `${path}?c=${plan.id}`, headers: { 'Sec-WebSocket-Version': version } });
    const leaves = (): void => (plan.id % 2 === 0 ? resetSocket(socket) : void socket.end());
    if (plan.opening === 'leaves in its request') {
      socket.write(request.slice(0, request.length / 2), leaves);
    } else {
      socket.write(request);
      if (plan.opening === 'leaves before the answer') setTimeout(leaves, plan.id % 20);
    }
    return readHead(socket);
  }

  /** Everything from the 101 on. */
  async #talk(client: Peer): Promise<void> {
    this.#client = client;
    const backend = this.#backend;
    if (backend === undefined) {
      // A backend that answers in full and is gone has not become a peer; only without any it is the gateway's fault.
      if (!this.plan.handshake.startsWith('accepts')) this.#violate('invented', '101 without a backend that accepted');
      await this.#until(() => client.isClosed);
      return;
    }
    void client.speak();
    await this.#end(client, backend);
    this.#settleSoon();
    await this.#until(() => this.#late.length === 0);
    if (!this.#isOver) judgeTalk(this.plan, client, backend, (kind, text) => this.#violate(kind, text));
  }

  /** Waits for the moment that the plan has for the ending, or for a failure that comes before it. */
  async #end(client: Peer, backend: Peer): Promise<void> {
    const heard = (peer: Peer, other: Peer): boolean => other.hasSpoken && peer.received >= other.sent;
    const isDone = (): boolean => heard(client, backend) && heard(backend, client);
    const isBroken = (): boolean =>
      this.#vanished.size > 0 ||
      [client, backend].some((peer) => peer.isClosed || peer.hasEnded || peer.closeReceived !== undefined);
    const after = (ready: () => boolean): Promise<void> => this.#until(() => ready() || isBroken());
    await bringToEnd(this.plan, client, backend, { isDone, after });
  }

  #peer(speaker: Speaker, socket: Socket, rest: Buffer): Peer {
    const { seed, content } = this.#stage;
    const { plan } = this;
    const peer = new Peer({
      speaker,
      conversation: plan.id,
      socket,
      speech: plan[speaker],
      content,
      random: seededRandom(seed).fork(plan.id).fork(speaker),
      ignoresClose: plan.ending === `${speaker} ignores Close`,
      fault: (text) => this.#faulty(speaker, text),
      changed: () => {
        if (peer.isClosed || peer.hasEnded) this.#settleSoon();
        this.#wake();
      },
    });
    if (rest.length > 0) peer.take(rest);
    if (this.#isStopping) peer.stopSpeaking();
    socket.resume();
    return peer;
  }

  /** Where one end breaks the protocol and the bytes pass as they are, the other end has to see it. */
  #faulty(speaker: Speaker, text: string): void {
    const other = speaker === 'client' ? 'backend' : 'client';
    const { mode, ending } = this.plan;
    if (mode === 'opaque' && (ending === `${other} breaks the protocol` || ending === `${other} says too much`)) return;
    this.#violate('altered', `the ${speaker} got ${text}`);
  }

  #own(speaker: Speaker, socket: Socket): void {
    this.#sockets[speaker].push(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // Errors are told by `close`, which follows.
    socket.once('close', () => {
      this.#settleSoon();
      this.#wake();
    });
  }

  #open(speaker: Speaker): readonly Socket[] {
    return this.#sockets[speaker].filter((socket) => !socket.destroyed);
  }

  /** From now on the end has to come: called at the first sign of it. */
  #settleSoon(): void {
    if (this.#isOver) return;
    this.#settleTimer ??= setTimeout(() => this.#giveUp('hang'), this.#stage.settleMs);
  }

  /** The ends that are open and should not be. One behind a vanished leg hears of nothing: it may well be open. */
  get #late(): readonly Speaker[] {
    const speakers: readonly Speaker[] = ['client', 'backend'];
    return speakers.filter((speaker) => !this.#vanished.has(speaker) && this.#open(speaker).length > 0);
  }

  #giveUp(kind: string): void {
    if (this.#isOver) return;
    if (this.#late.length > 0) this.#violate(kind, `still open: ${this.#late.join(', ')}; ${this.#describe()}`);
    this.#destroy();
    this.#wake();
  }

  #losePatience(): void {
    if (!this.#isOver) this.#patienceTimer ??= setTimeout(() => this.#giveUp('stuck'), this.#stage.patienceMs);
  }

  #destroy(): void {
    this.#isOver = true;
    for (const socket of [...this.#sockets.client, ...this.#sockets.backend]) socket.destroy();
  }

  #describe(): string {
    const tell = (peer: Peer | undefined): string =>
      peer === undefined
        ? 'not opened'
        : `sent ${peer.sent}${peer.hasSpoken ? ' (all)' : ''}, received ${peer.received}, ` +
          `Close sent ${peer.closeSent?.code ?? peer.closeSent !== undefined}, ` +
          `received ${peer.closeReceived?.code ?? peer.closeReceived !== undefined}, ` +
          `FIN ${peer.hasEnded}, queued ${peer.socket.writableLength}`;
    return `status ${this.#status}; client ${tell(this.#client)}; backend ${tell(this.#backend)}`;
  }

  #violate(kind: string, text: string): void {
    const whole = isIntact(this.plan) ? 'intact' : 'failing';
    this.#stage.violations.add(kind, `${text} [${whole}: ${JSON.stringify(this.plan)}]`, this.plan.id);
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #until(ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.#isOver && !ready()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
