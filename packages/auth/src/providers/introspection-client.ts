import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';

import type { Clock, GatewayEvent, JsonObject, Logger } from '@ocelot/core';

import { BoundedCache } from '../keys/bounded-cache.js';
import { fetchJson, type FetchJsonOptions } from '../keys/fetch-json.js';
import { errorText } from '../keys/secret-value.js';
import { waitFor } from '../keys/wait-for.js';
import { WorkQueue } from '../keys/work-queue.js';
import { AuthFailure } from './auth-failure.js';
import type { VerifyContext } from './provider.js';
import { timeOf } from './token-identity.js';

/** What an {@link IntrospectionClient} is made of. */
export interface IntrospectionClientOptions {
  readonly url: string;
  readonly clientId: string;
  /** Asked for each call: its file may have changed. */
  readonly clientSecret: () => string | Promise<string>;
  /** How the gateway says who it is (RFC 6749 §2.3.1). */
  readonly authentication: 'basic' | 'post';
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly maxConcurrent: number;
  readonly cacheMs: number;
  readonly cacheEntries: number;
  readonly clock: Clock;
  readonly wallNowMs: () => number;
  readonly log: Logger;
  record(event: GatewayEvent): void;
}

/**
 * Asks an introspection endpoint (RFC 7662 §2) what a token is worth. One call for all who ask about the same token at
 * the same time; active answers are remembered for a while, never beyond `exp`, refusals never.
 */
export class IntrospectionClient {
  readonly #options: IntrospectionClientOptions;
  readonly #cache: BoundedCache<JsonObject>;
  readonly #queue: WorkQueue;
  readonly #pending = new Map<string, Promise<JsonObject>>();
  readonly #closing = new AbortController();
  #isUp = true;

  constructor(options: IntrospectionClientOptions) {
    this.#options = options;
    // As many calls listen to it as may run.
    setMaxListeners(0, this.#closing.signal);
    this.#cache = new BoundedCache(options.clock, options.cacheEntries);
    this.#queue = new WorkQueue({ running: options.maxConcurrent, waiting: options.maxConcurrent * 20 });
  }

  /**
   * The answer about an active token.
   * @throws AuthFailure, as a rejection where it has to be asked for.
   */
  ask(token: string, context: VerifyContext): JsonObject | Promise<JsonObject> {
    const key = createHash('sha256').update(token).digest('base64');
    if (context.isRecheck !== true) {
      const known = this.#cache.get(key);
      if (known !== undefined) return known;
    }
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#queue.run(() => this.#call(token, key)).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return waitFor(pending, context);
  }

  close(): void {
    this.#closing.abort();
    this.#cache.clear();
  }

  async #call(token: string, key: string): Promise<JsonObject> {
    const { url, clock, timeoutMs, maxBytes, cacheMs } = this.#options;
    let answer: JsonObject;
    try {
      const signal = this.#closing.signal;
      answer = await fetchJson(url, { clock, timeoutMs, maxBytes, signal, ...(await this.#form(token)) });
      if (typeof answer['active'] !== 'boolean') throw new Error(`${url} did not say whether the token is active.`);
    } catch (error) {
      throw this.#failed(error);
    }
    this.#succeeded();
    if (!answer['active']) {
      this.#cache.delete(key);
      throw new AuthFailure('inactive', 'The token is not active.');
    }
    const leftMs = (timeOf(answer, 'exp') ?? Number.POSITIVE_INFINITY) - this.#options.wallNowMs();
    this.#cache.set(key, answer, Math.min(cacheMs, leftMs));
    return answer;
  }

  async #form(token: string): Promise<Pick<FetchJsonOptions, 'form' | 'headers'>> {
    const { authentication, clientId } = this.#options;
    const clientSecret = await this.#options.clientSecret();
    const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
    if (authentication === 'post') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
      return { form, headers: {} };
    }
    const pair = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
    return { form, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
  }

  #succeeded(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#options.record({ type: 'dependency.changed', name: 'introspection', isUp: true, error: undefined });
    this.#options.log.info({}, 'The introspection endpoint answers again.');
  }

  #failed(error: unknown): AuthFailure {
    const cause = error instanceof Error ? error : new Error(errorText(error));
    if (this.#isUp && !this.#closing.signal.aborted) {
      this.#isUp = false;
      this.#options.record({ type: 'dependency.changed', name: 'introspection', isUp: false, error: cause });
      this.#options.log.warn({ error: cause.message }, 'The introspection endpoint does not answer as it has to.');
    }
    return new AuthFailure('introspection-unavailable', 'The token cannot be checked.', { isUnavailable: true, cause });
  }
}

/** `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 wants both halves before they are joined. */
function formEncode(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2);
}
