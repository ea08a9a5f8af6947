import { readFile, stat } from 'node:fs/promises';

import type { Clock, Logger } from '@ocelot/core';

/** How often a file is looked at, at most: what was taken out of it counts no more after this time. */
const CHECK_MS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** What a {@link WatchedFile} is made of. */
export interface WatchedFileOptions<T> {
  /** A relative path starts from the working directory. */
  readonly path: string;
  /** Throws when the text cannot be used; its message must not quote it. */
  readonly parse: (text: string) => T;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A file that is read again when it changes. It is looked at when it is used, so there is no timer and no watch: a use
 * that comes later than a second after the last look waits for the next one, so that nobody comes in by what was taken
 * out while nobody asked. While the new content cannot be used the last good one stays in force, and one line of the log
 * says so.
 */
export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  #value: T;
  #mark: string;
  #checkedAt: number;
  #checking: Promise<T> | undefined;
  #complaint: string | undefined;

  private constructor(options: WatchedFileOptions<T>, value: T, mark: string) {
    this.#options = options;
    this.#value = value;
    this.#mark = mark;
    this.#checkedAt = options.clock.now();
  }

  /** @throws Error when the file cannot be read or used. */
  static async open<T>(options: WatchedFileOptions<T>): Promise<WatchedFile<T>> {
    const mark = await markOf(options.path);
    return new WatchedFile(options, options.parse(await readText(options.path)), mark);
  }

  /** What it holds. A promise, which never rejects, where it has to be looked at first. */
  current(): T | Promise<T> {
    if (this.#checking !== undefined) return this.#checking;
    if (this.#options.clock.now() - this.#checkedAt < CHECK_MS) return this.#value;
    this.#checking = this.#check();
    return this.#checking;
  }

  async #check(): Promise<T> {
    const { path, parse, clock, log } = this.#options;
    const from = clock.now();
    try {
      const mark = await markOf(path);
      if (mark !== this.#mark) {
        this.#value = parse(await readText(path));
        this.#mark = mark;
        log.info({ file: path }, 'A file of credentials changed and was read again.');
      }
      this.#complaint = undefined;
    } catch (error) {
      const complaint = error instanceof Error ? error.message : String(error);
      if (complaint !== this.#complaint) {
        log.error({ file: path, error: complaint }, 'A file of credentials cannot be used; what it held before stays.');
      }
      this.#complaint = complaint;
    } finally {
      this.#checkedAt = from;
      this.#checking = undefined;
    }
    return this.#value;
  }
}

async function markOf(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`The file is larger than ${MAX_BYTES} bytes.`);
  return `${size} ${mtimeMs} ${ino}`;
}

async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
