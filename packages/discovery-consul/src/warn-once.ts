import type { Logger, ServiceRef } from '@ocelot/core';

/** Logs what is wrong with the instances of one service: each fault when it appears, not with every answer. */
export class WarnOnce {
  readonly #log: Logger;
  readonly #service: ServiceRef;
  /** The faults of the last answer. */
  #known: ReadonlySet<string> = new Set();

  constructor(log: Logger, service: ServiceRef) {
    this.#log = log;
    this.#service = service;
  }

  /** @param warnings All faults of one answer, one line each. */
  tell(warnings: readonly string[]): void {
    for (const warning of warnings) {
      if (!this.#known.has(warning)) this.#log.warn({ service: this.#service.name }, warning);
    }
    this.#known = new Set(warnings);
  }
}
