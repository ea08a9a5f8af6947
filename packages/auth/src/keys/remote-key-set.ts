import type { Clock, GatewayEvent, Logger } from '@ocelot/core';

import { AuthFailure } from '../providers/auth-failure.js';
import type { VerifyContext } from '../providers/provider.js';
import { fetchJson, type FetchJsonOptions } from './fetch-json.js';
import { parseKeySet } from './parse-keys.js';
import { errorText } from './secret-value.js';
import { keyFits, type VerificationKey, type WantedKey } from './verification-key.js';
import { waitFor } from './wait-for.js';

/** While the issuer is away it is asked again after this time, when somebody needs it. */
const RETRY_MS = 2000;

/** Keys, and whose they are. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  /** Of the issuer's metadata; undefined where only the URL of the keys is known. */
  readonly issuer: string | undefined;
}

/** Where a set is. */
export interface KeyLocation {
  readonly url: string;
  /** Of the issuer's metadata. */
  readonly issuer: string | undefined;
}

/** What a {@link RemoteKeySet} is made of. */
export interface RemoteKeySetOptions {
  readonly clock: Clock;
  readonly log: Logger;
  record(event: GatewayEvent): void;
  /** Finds the set: its URL, and the issuer where metadata name it. Asked before each load. */
  readonly locate: (options: FetchJsonOptions) => Promise<KeyLocation>;
  /** How long a set counts without being asked for again. */
  readonly cacheMs: number;
  /** Shortest time between two loads because of keys that are not known. */
  readonly coolDownMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * The keys of an issuer that rotates them. Loaded once for all who wait; loaded again when the set is old, and when a
 * token names a key that is not in it, but not more often than the cool-down allows, so that invented key ids are no
 * flood to the issuer. While the issuer is away the last good set stays in force.
 */
export class RemoteKeySet {
  readonly #options: RemoteKeySetOptions;
  readonly #closing = new AbortController();
  #current: KeySet | undefined;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #pending: Promise<KeySet> | undefined;
  #failure: AuthFailure | undefined;

  constructor(options: RemoteKeySetOptions) {
    this.#options = options;
  }

  /** Begins to load, so that the first client waits less and a wrong URL is seen in the log at once. */
  warmUp(): void {
    // A failure is logged by the load itself, and told to whoever needs the keys.
    this.#load().catch(() => {});
  }

  /**
   * The keys that may have signed a token.
   * @throws AuthFailure unavailable when there is no set, or the key may be a new one and the issuer is away.
   */
  async find(wanted: WantedKey, context: VerifyContext): Promise<KeySet> {
    const known = select(await this.#fresh(context), wanted);
    if (known.keys.length > 0) return known;
    if (this.#mayLoad(this.#options.coolDownMs)) return select(await waitFor(this.#load(), context), wanted);
    if (this.#failure !== undefined) throw this.#failure;
    return known;
  }

  close(): void {
    this.#closing.abort();
  }

  async #fresh(context: VerifyContext): Promise<KeySet> {
    const { clock, cacheMs } = this.#options;
    const current = this.#current;
    if (current === undefined) {
      if (this.#failure !== undefined && !this.#mayLoad(RETRY_MS)) throw this.#failure;
      return waitFor(this.#load(), context);
    }
    if (clock.now() - this.#loadedAt < cacheMs || !this.#mayLoad(RETRY_MS)) return current;
    const load = this.#load();
    // Nobody waits for an issuer that was away the last time.
    if (this.#failure !== undefined) {
      load.catch(() => {});
      return current;
    }
    try {
      return await waitFor(load, context);
    } catch {
      // The load has logged why; a client that left is noticed by whoever asked.
      return current;
    }
  }

  /** Whether a load runs already, or the last one began long enough ago. */
  #mayLoad(pauseMs: number): boolean {
    return this.#pending !== undefined || this.#options.clock.now() - this.#attemptedAt >= this.#pause(pauseMs);
  }

  #pause(pauseMs: number): number {
    return this.#failure === undefined ? pauseMs : Math.min(pauseMs, RETRY_MS);
  }

  #load(): Promise<KeySet> {
    this.#pending ??= this.#loadOnce().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #loadOnce(): Promise<KeySet> {
    const { clock, locate, timeoutMs, maxBytes } = this.#options;
    this.#attemptedAt = clock.now();
    try {
      const fetching = { clock, timeoutMs, maxBytes, signal: this.#closing.signal };
      const { url, issuer } = await locate(fetching);
      const keys = parseKeySet(await fetchJson(url, fetching));
      if (keys.length === 0) throw new Error(`${url} holds no key that signatures can be checked with.`);
      this.#current = { keys, issuer };
      this.#loadedAt = clock.now();
      this.#succeeded();
      return this.#current;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #succeeded(): void {
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.record({ type: 'dependency.changed', name: 'jwks', isUp: true, error: undefined });
    this.#options.log.info({}, 'The keys of the issuer can be read again.');
  }

  #failed(error: unknown): AuthFailure {
    const isFirst = this.#failure === undefined;
    const cause = error instanceof Error ? error : new Error(errorText(error));
    this.#failure = new AuthFailure('keys-unavailable', 'The keys of the issuer cannot be read.', {
      isUnavailable: true,
      cause,
    });
    if (isFirst && !this.#closing.signal.aborted) {
      this.#options.record({ type: 'dependency.changed', name: 'jwks', isUp: false, error: cause });
      this.#options.log.warn(
        { error: cause.message, hasKeys: this.#current !== undefined },
        'The keys of the issuer cannot be read; what was read before stays in force.',
      );
    }
    return this.#failure;
  }
}

function select({ keys, issuer }: KeySet, wanted: WantedKey): KeySet {
  return { issuer, keys: keys.filter((key) => keyFits(key, wanted)) };
}
