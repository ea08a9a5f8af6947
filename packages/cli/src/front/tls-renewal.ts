import { ConfigError, type Logger, type TlsSettings, formatIssue } from '@ocelot/core';

import { type TlsMaterial, readTlsMaterial, stampOf } from './tls-material.js';

/** How often the files are asked whether they changed. */
const INTERVAL_MS = 1_000;

/** What a renewal tells of, and to whom. */
export interface TlsRenewalInit {
  readonly log: Logger;
  /** Told of what was read anew. */
  readonly renewed: (material: TlsMaterial) => void;
  /** @default 1 s */
  readonly intervalMs?: number;
}

/**
 * Looks after the files of `Gateway.Tls` and reads them when they changed. It asks for their times instead of watching
 * them: what replaces a certificate may turn a symbolic link somewhere on the way, of which no watcher is told.
 *
 * A change is read once the files have stayed the same for one interval: certificate and key are two files. As long as
 * they cannot be used, what was read before stays in force, and the log says so once.
 */
export class TlsRenewal {
  readonly #init: TlsRenewalInit;
  #settings: TlsSettings;
  /** Of the files as they were read, whether they could be used or not. */
  #known: string;
  #seen: string;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** Begins to look after what `material` was read from. */
  constructor({ settings, stamp }: TlsMaterial, init: TlsRenewalInit) {
    this.#init = init;
    this.#settings = settings;
    this.#known = stamp;
    this.#seen = stamp;
    this.#next();
  }

  /** From now on the files of `material` count. */
  follow({ settings, stamp }: TlsMaterial): void {
    this.#settings = settings;
    this.#known = stamp;
    this.#seen = stamp;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #next(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look(), this.#init.intervalMs ?? INTERVAL_MS).unref();
  }

  async #look(): Promise<void> {
    const settings = this.#settings;
    const stamp = await stampOf(settings);
    if (settings === this.#settings) {
      const isSettled = stamp === this.#seen;
      this.#seen = stamp;
      if (isSettled && stamp !== this.#known) {
        this.#known = stamp;
        await this.#read(settings);
      }
    }
    this.#next();
  }

  async #read(settings: TlsSettings): Promise<void> {
    const { log, renewed } = this.#init;
    try {
      const material = await readTlsMaterial({ tls: settings });
      if (material !== undefined && settings === this.#settings && !this.#isClosed) renewed(material);
    } catch (error) {
      const what = error instanceof ConfigError ? error.issues.map(formatIssue).join(' ') : String(error);
      log.error({ err: error }, `certificates not renewed, those read before stay in force: ${what}`);
    }
  }
}
