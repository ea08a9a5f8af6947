import { setTimeout as sleep } from 'node:timers/promises';

import { Conversation, type Stage } from './conversation.js';
import { firstId, kindOf, type Load, planConversation } from './conversation-plan.js';
import type { LogLedger } from './log-ledger.js';
import type { World } from './world.js';

/** What is counted while load runs. */
export interface Totals {
  started: number;
  finished: number;
  /** Messages that arrived and were checked. */
  messages: number;
  /** Answers to handshakes, by status; 0: none. */
  readonly statuses: Record<string, number>;
}

/** What all loads of a soak share. */
export interface LoadContext {
  readonly stage: Stage;
  readonly world: World;
  readonly ledger: LogLedger;
  readonly totals: Totals;
  /** When not empty, only these are played, again and again. */
  readonly only: ReadonlySet<number>;
}

/** How much load. */
export interface LoadOptions {
  /** Conversations at the same time. */
  readonly connections: number;
  /** Most that begin in a second. */
  readonly ratePerSecond: number;
}

/** How often the pace is looked at, in milliseconds. */
const TICK_MS = 20;
/** A look that comes so late says that the machine has no time: new load would only run into time limits. */
const LATE_TICK_MS = 250;
/** Most handshakes under way at a time: a slow gateway sets the pace itself. */
const MAX_OPENING = 80;

/** Answers after which the log must have a line with the conversation's exchange. */
const ADMITTED: ReadonlySet<number> = new Set([101, 403, 502, 503, 504]);

/** Keeps a number of conversations of one kind going until it is told to stop. */
export class LoadDriver {
  readonly #kind: Load;
  readonly #context: LoadContext;
  readonly #running = new Map<Conversation, Promise<void>>();
  #nextId: number;

  constructor(kind: Load, context: LoadContext) {
    this.#kind = kind;
    this.#context = context;
    this.#nextId = firstId(kind);
  }

  /** How many are going. */
  get open(): number {
    return this.#running.size;
  }

  /** Begins conversations until `isOver`, then waits for those that go. Long ones are told to come to their end. */
  async run(options: LoadOptions, isOver: () => boolean): Promise<void> {
    let due = 0;
    let last = performance.now();
    while (!isOver()) {
      const now = performance.now();
      // What could not begin in time is not made up for later: no bursts, and none at all while the machine is late.
      due = Math.min(due + ((now - last) / 1000) * options.ratePerSecond, options.ratePerSecond / 10 + 1);
      const isLate = now - last > LATE_TICK_MS;
      last = now;
      const room = isLate ? 0 : Math.min(options.connections - this.#running.size, MAX_OPENING - this.#opening);
      for (let begun = 0; due >= 1 && begun < room; due -= 1, begun += 1) this.#begin();
      await sleep(TICK_MS);
    }
    if (this.#kind === 'steady') for (const conversation of this.#running.keys()) conversation.stop();
    await Promise.all(this.#running.values());
  }

  /** How many wait for the answer to their handshake. */
  get #opening(): number {
    let opening = 0;
    for (const conversation of this.#running.keys()) if (conversation.isOpening) opening += 1;
    return opening;
  }

  #begin(): void {
    const { only, world } = this.#context;
    if (only.size === 0) {
      this.#play(this.#nextId);
      this.#nextId += 1;
    } else for (const id of only) if (kindOf(id) === this.#kind && !world.conversations.has(id)) this.#play(id);
  }

  #play(id: number): void {
    const { stage, world, ledger, totals } = this.#context;
    const conversation = new Conversation(planConversation(stage.seed, this.#kind, id), stage);
    world.conversations.set(id, conversation);
    totals.started += 1;
    const running = conversation.run().then(({ status, messages }) => {
      world.conversations.delete(id);
      this.#running.delete(conversation);
      totals.finished += 1;
      totals.messages += messages;
      totals.statuses[status] = (totals.statuses[status] ?? 0) + 1;
      ledger.done(id, ADMITTED.has(status));
    });
    this.#running.set(conversation, running);
  }
}
