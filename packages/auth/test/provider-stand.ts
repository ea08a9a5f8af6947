import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigError, type GatewayEvent, type Identity, type JsonObject } from '@ocelot/core';
import { FakeClock, type LogLine, MemoryLogger } from '@ocelot/core/testing';

import { type AuthFailure, isAuthFailure } from '../src/providers/auth-failure.js';
import { createProvider } from '../src/providers/create-provider.js';
import type { Provider, ProviderContext, ProviderFactory } from '../src/providers/provider.js';

/** 2026-11-22T12:00:00Z: what the wall clock of these tests shows at first. */
export const START_MS: number = Date.UTC(2026, 10, 22, 12);
/** The same in seconds, as tokens have it. */
export const START: number = START_MS / 1000;

/** What providers are lent in a test, with a clock that stands still. */
export class ProviderStand {
  readonly clock = new FakeClock();
  readonly events: GatewayEvent[] = [];
  readonly log = new MemoryLogger();
  readonly #providers: Provider[] = [];
  #folder: string | undefined;

  get lines(): readonly LogLine[] {
    return this.log.lines;
  }

  context(trustedProxies: readonly string[] = []): ProviderContext {
    return {
      clock: this.clock,
      wallNowMs: () => START_MS + this.clock.now(),
      log: this.log,
      record: (event) => this.events.push(event),
      location: 'ocelot.json#/P',
      trustedProxies,
    };
  }

  async provider(options: JsonObject, custom?: Readonly<Record<string, ProviderFactory>>): Promise<Provider> {
    const provider = await createProvider('main', options, this.context(), custom);
    this.#providers.push(provider);
    return provider;
  }

  /** Writes a file that is gone after `close`. */
  async file(name: string, content: string): Promise<string> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'ocelot-auth-'));
    const path = join(this.#folder, name);
    await writeFile(path, content);
    return path;
  }

  async close(): Promise<void> {
    for (const provider of this.#providers) provider.close?.();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }
}

/** Signal of a client that stays. */
export const PATIENT: { readonly signal: AbortSignal } = { signal: new AbortController().signal };

/** Verifies a token as it comes from a header. */
export async function verifyToken(provider: Provider, token: string): Promise<Identity> {
  const credentials = provider.fromText?.(token, 'header');
  if (credentials === undefined) throw new Error('This provider takes no text.');
  return provider.verify(credentials, { signal: new AbortController().signal });
}

/** What a verification fails with. */
export async function failureOf(work: () => unknown): Promise<AuthFailure> {
  try {
    await work();
  } catch (error) {
    if (isAuthFailure(error)) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

/** `reason` of a failure: what most tests look at. */
export async function reasonOf(work: () => unknown): Promise<string> {
  return (await failureOf(work)).reason;
}

/** What a configuration is refused with: place and message of each issue. */
export async function issuesOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(({ source, message }) => `${source}: ${message}`);
    throw error;
  }
  throw new Error('The configuration was accepted.');
}
