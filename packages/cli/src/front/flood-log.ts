import type { Logger } from '@ocelot/core';

/** How often a flood is written about. */
const REPORT_MS = 10_000;

/**
 * Writes a warning of what a stranger can cause at will, without letting him fill the log: one line when it begins,
 * then one every ten seconds while it lasts, with how often it happened. Owns a timer that keeps no process alive.
 */
export class FloodLog {
  readonly #log: Logger;
  readonly #message: string;
  #timesSinceReport = 0;
  #last: object = {};
  #report: NodeJS.Timeout | undefined;

  constructor(log: Logger, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** Takes note of one more case; `fields` tell of it and are shown of the last one only. */
  note(fields: object): void {
    this.#timesSinceReport += 1;
    this.#last = fields;
    if (this.#report === undefined) this.#tell();
  }

  #tell(): void {
    this.#report = undefined;
    if (this.#timesSinceReport === 0) return;
    this.#log.warn({ times: this.#timesSinceReport, ...this.#last }, this.#message);
    this.#timesSinceReport = 0;
    this.#report = setTimeout(() => this.#tell(), REPORT_MS).unref();
  }
}
