import type { ControlAnswer, Logger } from '@ocelot/core';

import { problem } from '../control/control-answers.js';
import type { ControlCall, ControlDesk, ControlOutcome, ControlQuestion } from '../control/control-desk.js';
import type { ToWorker } from './messages.js';
import { ToldCalls } from './told-calls.js';

/** A worker ends its own calls after 5 s; one that has not answered by then does not answer at all. */
const ANSWER_LIMIT_MS = 6_000;

/** One worker process, as the hub sees it. */
export interface ControlMember {
  readonly worker: number;
  send(message: ToWorker): void;
}

interface Waiting {
  readonly member: ControlMember;
  readonly settle: (answer: ControlAnswer | undefined) => void;
}

/**
 * The primary's side of the control address: asks every worker, and has one of them make one answer of all, since
 * plugins live in workers only. What a worker does not answer in time is left out, and that is said. A worker that takes
 * the place of another is told what changed before.
 */
export class ControlHub implements ControlDesk {
  readonly #log: Logger;
  readonly #limitMs: number;
  readonly #members = new Set<ControlMember>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #told: ToldCalls;
  #calls: readonly ControlCall[] = [];
  #last = 0;

  /** @param limitMs longest wait for one worker; a parameter for tests. */
  constructor(log: Logger, limitMs: number = ANSWER_LIMIT_MS, told: ToldCalls = new ToldCalls()) {
    this.#log = log;
    this.#limitMs = limitMs;
    this.#told = told;
  }

  /** The same in every worker: all set the same plugins up. */
  get calls(): readonly ControlCall[] {
    return this.#calls;
  }

  get isServing(): boolean {
    return this.#members.size > 0;
  }

  /** What a worker that starts now has to be told. */
  get told(): readonly ControlQuestion[] {
    return this.#told.all;
  }

  /**
   * A worker accepts connections, and answers calls from now on until it is gone.
   * @param told What it knows of {@link ControlHub.told}.
   */
  joined(member: ControlMember, calls: readonly ControlCall[], told: readonly ControlQuestion[]): void {
    this.#members.add(member);
    this.#calls = calls;
    const known = new Set(told);
    const meanwhile = this.#told.all.filter((question) => !known.has(question));
    if (meanwhile.length > 0) void this.#tell(member, meanwhile);
    const { dropped } = this.#told;
    if (dropped > 0)
      this.#log.warn({ worker: member.worker, dropped }, 'a worker was told the latest control calls, not all of them');
  }

  /** A worker's process has ended, and answers nothing that it was asked. */
  left(member: ControlMember): void {
    this.#members.delete(member);
    for (const waiting of this.#waiting.values()) if (waiting.member === member) waiting.settle(undefined);
  }

  /** An answer has come. One that nobody waits for any more is dropped. */
  take(id: number, answer: ControlAnswer): void {
    this.#waiting.get(id)?.settle(answer);
  }

  async ask(question: ControlQuestion): Promise<ControlOutcome> {
    if (!this.#isMomentary(question)) this.#told.add(question);
    const outcome = await this.#askAll(question);
    if (outcome.answer.status >= 400) this.#told.forget(question);
    return outcome;
  }

  #isMomentary({ method, template }: ControlQuestion): boolean {
    return this.#calls.some((call) => call.isMomentary === true && call.method === method && call.path === template);
  }

  /** One after the other, in the order in which they came. */
  async #tell(member: ControlMember, calls: readonly ControlQuestion[]): Promise<void> {
    for (const question of calls) await this.#request(member, (id) => ({ type: 'control', id, question }));
  }

  async #askAll(question: ControlQuestion): Promise<ControlOutcome> {
    const asked = [...this.#members].toSorted((one, other) => one.worker - other.worker);
    const answers = await Promise.all(
      asked.map(async (member) => ({
        member,
        answer: await this.#request(member, (id) => ({ type: 'control', id, question })),
      })),
    );
    const given = answers.flatMap(({ member, answer }) => (answer === undefined ? [] : [{ member, answer }]));
    const missing = answers.flatMap(({ member, answer }) => (answer === undefined ? [member.worker] : []));
    const { method, template } = question;
    if (missing.length > 0)
      this.#log.warn({ call: `${method} ${template}`, missing }, 'workers did not answer a control call');
    const [first] = given;
    if (first === undefined) return { answer: problem(503, 'NO_WORKER', 'No worker answers just now.'), missing };
    if (given.length === 1) return { answer: first.answer, missing };
    const merged = await this.#request(first.member, (id) => ({
      type: 'mergeControl',
      id,
      call: { method, template },
      answers: given.map(({ answer }) => answer),
    }));
    return {
      answer: merged ?? problem(503, 'NO_WORKER', 'The worker that puts the answers together has gone; try again.'),
      missing,
    };
  }

  #request(member: ControlMember, message: (id: number) => ToWorker): Promise<ControlAnswer | undefined> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const settle = (answer: ControlAnswer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(undefined), this.#limitMs);
      this.#waiting.set(id, { member, settle });
      member.send(message(id));
    });
  }
}
