import { createHmac, randomBytes } from 'node:crypto';

import type { Identity } from '@ocelot/core';

import { BcryptThread } from '../credentials/bcrypt-thread.js';
import { createBasicSource } from '../credentials/basic-source.js';
import { parsePasswordFile, type PasswordFile } from '../credentials/password-file.js';
import type { PasswordMatcher } from '../credentials/password-hash.js';
import { BoundedCache } from '../keys/bounded-cache.js';
import { errorText } from '../keys/secret-value.js';
import { waitFor } from '../keys/wait-for.js';
import { WatchedFile } from '../keys/watched-file.js';
import { WorkQueue } from '../keys/work-queue.js';
import { AuthFailure } from './auth-failure.js';
import { challenge } from './challenge.js';
import { OptionReader } from './option-reader.js';
import type { Provider, ProviderContext, ProviderFactory, VerifyContext } from './provider.js';
import { claimTexts } from './token-identity.js';

const CACHE_ENTRIES = 10_000;

/** Makes a provider of type `Basic` (RFC 7617): names and hashed passwords of a file. */
export const createBasicProvider: ProviderFactory = async (name, options, context): Promise<Provider> => {
  const reader = new OptionReader(options, context.location);
  const realm = reader.text('Realm') ?? name;
  const source = createBasicSource(reader);
  const thread = new BcryptThread();
  const file = await openFile(reader, thread, context);
  const passwords = new Passwords(name, file, reader, context);
  return {
    name,
    find: (exchange) => source.find(exchange),
    strip: (exchange) => source.strip(exchange),
    forRoute: (section, location) => source.forRoute(section, location),
    challenge: () => challenge('Basic', { realm, charset: 'UTF-8' }),
    verify: (credentials, verification) => {
      if (credentials.kind === 'basic') return passwords.verify(credentials.user, credentials.password, verification);
      throw new AuthFailure('malformed', 'These are no credentials for this provider.');
    },
    close: () => {
      passwords.close();
      thread.close();
    },
  };
};

async function openFile(
  reader: OptionReader,
  thread: BcryptThread,
  { clock, log }: ProviderContext,
): Promise<WatchedFile<PasswordFile>> {
  const path = reader.requiredText('PasswordFile', 'It holds lines of name:hash.');
  try {
    return await WatchedFile.open({ path, parse: (text) => parsePasswordFile(text, thread), clock, log });
  } catch (error) {
    throw reader.fault('PasswordFile', `cannot be used: ${errorText(error)}`);
  }
}

/**
 * Compares passwords: so many at a time, since each costs memory and a thread, and once for the same pair. Pairs that
 * matched are remembered under an HMAC with a key of this process, together with the hash that they matched: a line of
 * the file that changes is compared anew.
 */
class Passwords {
  readonly #provider: string;
  readonly #file: WatchedFile<PasswordFile>;
  readonly #cacheMs: number;
  readonly #matched: BoundedCache<string>;
  readonly #queue: WorkQueue;
  readonly #pending = new Map<string, Promise<Identity>>();
  readonly #key = randomBytes(32);

  constructor(provider: string, file: WatchedFile<PasswordFile>, reader: OptionReader, { clock }: ProviderContext) {
    const running = reader.number('MaxConcurrent', { fallback: 2, minimum: 1, maximum: 64 });
    this.#provider = provider;
    this.#file = file;
    this.#cacheMs = 1000 * reader.number('CacheSeconds', { fallback: 300, minimum: 0, maximum: 86_400 });
    this.#matched = new BoundedCache(clock, CACHE_ENTRIES);
    this.#queue = new WorkQueue({ running, waiting: running * 50 });
  }

  verify(user: string, password: string, context: VerifyContext): Identity | Promise<Identity> {
    const key = createHmac('sha256', this.#key).update(`${user}\0${password}`).digest('base64');
    const file = this.#file.current();
    if (file instanceof Promise) {
      return waitFor(file, context).then((read) => this.#verify(user, password, key, read, context));
    }
    return this.#verify(user, password, key, file, context);
  }

  close(): void {
    this.#matched.clear();
  }

  #verify(
    user: string,
    password: string,
    key: string,
    { users }: PasswordFile,
    context: VerifyContext,
  ): Identity | Promise<Identity> {
    const known = this.#matched.get(key);
    if (known !== undefined && known === users.get(user)?.text) return this.#identity(user);
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#queue.run(() => this.#compare(user, password, key)).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
    }
    return waitFor(pending, context);
  }

  async #compare(user: string, password: string, key: string): Promise<Identity> {
    const { users, decoys } = await this.#file.current();
    const hash = users.get(user);
    // An unknown name costs what a wrong password of some user costs, always of the same one, and is told the same.
    const isRight = await (hash ?? this.#decoy(user, decoys)).matches(password).catch(uncheckable);
    if (hash === undefined || !isRight) throw new AuthFailure('password', 'Name or password is wrong.');
    this.#matched.set(key, hash.text, this.#cacheMs);
    return this.#identity(user);
  }

  #decoy(user: string, decoys: PasswordFile['decoys']): PasswordMatcher {
    const number = createHmac('sha256', this.#key).update(user).digest().readUInt32BE(0);
    const decoy = decoys[number % decoys.length];
    if (decoy === undefined) throw new Error('A password file has one user at least.');
    return decoy;
  }

  #identity(user: string): Identity {
    const claims = claimTexts({ sub: user });
    return Object.freeze({
      provider: this.#provider,
      subject: user,
      tokenId: undefined,
      claims,
      expiresAtMs: undefined,
    });
  }
}

/** There is no memory or no thread for it now: that says nothing about the password. */
function uncheckable(cause: unknown): never {
  throw new AuthFailure('overloaded', 'The password cannot be compared.', { isUnavailable: true, cause });
}
