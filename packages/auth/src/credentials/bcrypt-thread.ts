import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

import type * as Bcrypt from 'bcryptjs';

/** What the thread runs: bcrypt in plain JavaScript, which would stop every socket if it ran where they are served. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { compareSync } = require(workerData);
parentPort.on('message', ({ id, password, hash }) => {
  let matches = false;
  try { matches = compareSync(password, hash); } catch { /* What is no hash matches nothing. */ }
  parentPort.postMessage({ id, matches });
});
`;

const CLOSED = 'The thread that compares passwords was closed.';

interface Question {
  readonly resolve: (matches: ReturnType<typeof Bcrypt.compareSync>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Compares passwords with bcrypt hashes in a thread of its own, one after the other. The thread begins with the first
 * question and does not keep the process alive; whoever made this ends it with `close`.
 */
export class BcryptThread {
  readonly #questions = new Map<number, Question>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  /** @throws Error (as a rejection) when the thread cannot run, ends, or was closed. */
  compare(password: string, hash: string): Promise<boolean> {
    // Work that waited in a queue would begin another thread, and nobody would end it.
    if (this.#isClosed) return Promise.reject(new Error(CLOSED));
    return new Promise((resolve, reject) => {
      this.#worker ??= this.#start();
      this.#lastId += 1;
      this.#questions.set(this.#lastId, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      this.#worker.postMessage({ id: this.#lastId, password, hash });
    });
  }

  /** Ends the thread; questions that are open fail. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#end(new Error(CLOSED));
  }

  #start(): Worker {
    const library = createRequire(import.meta.url).resolve('bcryptjs');
    const worker = new Worker(PROGRAM, { eval: true, workerData: library, stdin: false });
    worker.unref();
    worker.on('message', ({ id, matches }: { readonly id: number; readonly matches: boolean }) => {
      this.#questions.get(id)?.resolve(matches);
      this.#questions.delete(id);
    });
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#end(error instanceof Error ? error : new Error(String(error)));
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#end(new Error('The thread that compares passwords ended.'));
    });
    return worker;
  }

  #end(error: Error): void {
    const worker = this.#worker;
    this.#worker = undefined;
    const open = [...this.#questions.values()];
    this.#questions.clear();
    for (const { reject } of open) reject(error);
    // It never rejects: it resolves with the exit code, also of a thread that is gone already.
    void worker?.terminate();
  }
}
