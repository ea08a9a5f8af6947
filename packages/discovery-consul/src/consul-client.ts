import { EventEmitter } from 'node:events';
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';

import type { Clock } from '@ocelot/core';
import Consul from 'consul';

import { explainFailure } from './consul-failure.js';
import type { HealthEntry } from './health-entry.js';
import { consulAddress, type ConsulSettings } from './options.js';

/** How long Consul may hold a blocking query; it adds up to a sixteenth of its own. */
const WAIT_MS = 30_000;
/** How long any answer may take, on top of what Consul was asked to wait. */
const ANSWER_MS = 10_000;
/** More than this in one answer is no list of instances. */
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

/** How to speak TLS with Consul: authorities, a client certificate, a server name. */
export type ConsulTls = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'rejectUnauthorized' | 'servername'
>;

/** How one question is asked. */
export interface Question {
  /** 0: answer at once. Else: answer when the index has moved on from this, or after a wait. */
  readonly index: number;
  readonly signal: AbortSignal;
}

/** An answer, and the index to ask on from. */
export interface Answer<T> {
  readonly value: T;
  /** 0 when Consul gave none: then it does not block. */
  readonly index: number;
}

/** What the npm client passes on to its transport: documented there as `ctx`, absent from its types. */
class QueryContext extends EventEmitter {
  /** Hands out the response beside the body: its headers carry the index. */
  readonly includeResponse = true;
}

/** The hooks of papi, the client under the npm client: documented there, absent from the types. */
interface Extensible {
  _ext(event: 'onRequest', hook: (request: PapiRequest, next: () => void) => void): void;
}

interface PapiRequest {
  readonly req: RequestOptions;
  transport: { request(options: RequestOptions): ClientRequest };
}

/**
 * One Consul, asked through the npm client `consul`. Every question is bounded in time, can be aborted, which closes
 * its connection at once, and ends in an answer or in an Error fit for a log. Owned by one provider.
 */
export class ConsulClient {
  readonly #settings: ConsulSettings;
  readonly #clock: Clock;
  readonly #agent: HttpAgent;
  readonly #consul: Consul;

  constructor(settings: ConsulSettings, clock: Clock, tls: ConsulTls = {}) {
    const { scheme, host, port, token } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#agent = scheme === 'https' ? new HttpsAgent({ ...tls, keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#consul = new Consul({
      host: host.includes(':') ? `[${host}]` : host,
      port,
      secure: scheme === 'https',
      agent: this.#agent,
      ...(token === undefined ? {} : { defaults: { token } }),
    });
    // oxlint-disable-next-line no-underscore-dangle -- that is its public name: see papi's README, client._ext
    (this.#consul as unknown as Extensible)._ext('onRequest', (request, next) => {
      // The client leaves the brackets of an IPv6 address on, and Node would look them up as a name.
      request.req.hostname = host;
      const { transport } = request;
      request.transport = { request: (options) => guardAnswer(transport.request(options)) };
      next();
    });
  }

  /** The instances of a service whose checks all pass. @throws Error */
  async health(service: string, question: Question): Promise<Answer<readonly HealthEntry[]>> {
    const what = `the service ${JSON.stringify(service)}`;
    // These two would not name a service but climb up the path.
    if (service === '.' || service === '..') throw new Error(`Consul has no service of the name ${service}.`);
    const options = { service, passing: true };
    const { value, index } = await this.#ask(what, question, (more) =>
      this.#consul.health.service({ ...options, ...more }),
    );
    if (!Array.isArray(value)) throw new Error(`${this.#address} answered for ${what} with something that is no list.`);
    return { value: value as readonly HealthEntry[], index };
  }

  /** The text of a key; undefined when there is no such key. @throws Error */
  async key(key: string, question: Question): Promise<Answer<string | undefined>> {
    const what = `the key ${JSON.stringify(key)}`;
    const { value, index } = await this.#ask(what, question, (more) => this.#consul.kv.get({ key, ...more }));
    return { value: (value as { readonly Value?: string | null } | undefined)?.Value ?? undefined, index };
  }

  /** Creates a key. @returns false when it is there already: then nothing is written. @throws Error */
  async createKey(key: string, text: string, signal: AbortSignal): Promise<boolean> {
    const what = `writing the key ${JSON.stringify(key)}`;
    // `cas=0` means: only if the key does not exist.
    const write = { key, value: text, cas: 0 };
    const { value } = await this.#ask(what, { index: 0, signal }, (more) => this.#consul.kv.set({ ...write, ...more }));
    return value === true;
  }

  /** Closes every connection. */
  close(): void {
    this.#agent.destroy();
  }

  get #address(): string {
    return `Consul at ${consulAddress(this.#settings)}`;
  }

  async #ask(what: string, question: Question, call: (more: object) => Promise<unknown>): Promise<Answer<unknown>> {
    const { index, signal } = question;
    signal.throwIfAborted();
    const blocking = index > 0 ? { index: String(index), wait: `${WAIT_MS / 1_000}s` } : {};
    // Consul adds up to a sixteenth to the wait it was asked for, so that questions do not come back all at once.
    const limitMs = ANSWER_MS + (index > 0 ? WAIT_MS * (1 + 1 / 16) : 0);
    const context = new QueryContext();
    let end: Error | undefined;
    const limit = this.#clock.setTimer(limitMs, () => cancel(new Error(`no answer within ${limitMs / 1_000} s`)));
    const cancel = (error: Error): void => {
      end ??= error;
      limit.clear();
      context.emit('cancel');
    };
    const abort = (): void => cancel(new Error('the answer is no longer wanted'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const [response, value] = (await call({ ...blocking, ctx: context })) as [IncomingMessage, unknown];
      return { value, index: indexOf(response) };
    } catch (error) {
      throw explainFailure(end ?? error, { address: this.#address, what, token: this.#settings.token });
    } finally {
      limit.clear();
      signal.removeEventListener('abort', abort);
    }
  }
}

function indexOf(response: IncomingMessage): number {
  const index = Number(response.headers['x-consul-index']);
  return Number.isSafeInteger(index) && index > 0 ? index : 0;
}

/** The client never hears of an answer that is cut in the middle, and takes one of any size: both end here. */
function guardAnswer(request: ClientRequest): ClientRequest {
  request.on('response', (response) => {
    let bytes = 0;
    response.on('error', (error) => request.emit('error', error));
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_ANSWER_BYTES) return;
      request.emit('error', new Error(`the answer is larger than ${MOST_ANSWER_BYTES} bytes`));
      request.destroy();
    });
  });
  return request;
}
