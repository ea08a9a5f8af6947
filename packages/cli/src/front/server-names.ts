/**
 * Finds what belongs to a name that a client asked for (SNI, RFC 6066 §3). A name wins over a wildcard; `*` stands for
 * one whole label (RFC 9525 §6.3). Where two have the same name, the first one has it.
 */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  readonly #wildcard = new Map<string, T>();

  /** @param entries each with its names, in lower case. */
  constructor(entries: Iterable<readonly [names: readonly string[], value: T]>) {
    for (const [names, value] of entries) {
      for (const name of names) {
        const isWildcard = name.startsWith('*.');
        const map = isWildcard ? this.#wildcard : this.#exact;
        const key = isWildcard ? name.slice(1) : name;
        if (!map.has(key)) map.set(key, value);
      }
    }
  }

  /** @param name as the client wrote it. */
  find(name: string): T | undefined {
    const asked = name.toLowerCase().replace(/\.$/, '');
    const dot = asked.indexOf('.');
    return this.#exact.get(asked) ?? (dot > 0 ? this.#wildcard.get(asked.slice(dot)) : undefined);
  }
}
