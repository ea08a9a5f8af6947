import { type Exchange, GatewayError, IDENTITY, type Identity, type Session } from '@ocelot/core';

import { claimValues } from '../claims/claim-values.js';
import { isAuthFailure } from '../providers/auth-failure.js';
import type { Credentials, Provider } from '../providers/provider.js';
import type { Deadline } from './deadline-queue.js';

/** What a session is watched by. */
export interface LiveSessionInit {
  readonly exchange: Exchange;
  readonly session: Session;
  readonly identity: Identity;
  /** Who vouches for it now. */
  readonly provider: () => Provider;
  /** What is checked anew, where `recheckMs` is set: a token is kept in memory only for that. */
  readonly credentials: Credentials | undefined;
  /** Milliseconds between two checks; 0: never. */
  readonly recheckMs: number;
  /** Of the Close frame when the credentials end. */
  readonly closeCode: number;
  /**
   * Makes of an identity what the route makes of it, and checks that it may use the route.
   * @throws GatewayError
   */
  readonly admit: (identity: Identity) => Identity;
}

/** What a session asks of its owner. */
export interface LiveSessionHost {
  readonly wallNowMs: () => number;
  /** Uniform in [0, 1): sockets that were opened in one wave are not checked in one. */
  readonly random: () => number;
  /** Sets when it is looked at next; Infinity: never. */
  schedule(live: LiveSession, atMs: number): void;
  /** Its identity is about to change, and has changed. */
  reindex(live: LiveSession, change: () => void): void;
}

/** What came of a renewal. */
export type RenewalOutcome =
  | { readonly renewed: true; readonly expiresAtMs: number | undefined }
  /** `reason` is from a small set, for logs and answers: `subject`, `expired`, `revoked`, `forbidden`, …. */
  | { readonly renewed: false; readonly reason: string };

/** How long new credentials may take to be checked. */
const VERIFY_LIMIT_MS = 4000;

/** An open socket, or event stream, of a client that said who it is: ends with its credentials. */
export class LiveSession implements Deadline {
  atMs: number = Infinity;
  place: number = -1;
  readonly #init: LiveSessionInit;
  readonly #host: LiveSessionHost;
  #identity: Identity;
  /** What is checked anew: a renewal puts its own in place. */
  #credentials: Credentials | undefined;
  #recheckAtMs: number;
  #isOver = false;
  #hasFailedToRenew = false;
  #isUncheckable = false;

  constructor(init: LiveSessionInit, host: LiveSessionHost) {
    this.#init = init;
    this.#host = host;
    this.#identity = init.identity;
    this.#credentials = init.credentials;
    this.#recheckAtMs = this.#nextRecheckMs();
  }

  get id(): string {
    return this.#init.session.id;
  }

  get routeId(): string {
    return this.#init.session.route.id;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Begins to watch. Call it once. */
  start(): void {
    this.#schedule();
  }

  /** The session is closed: what is under way changes nothing any more. */
  stop(): void {
    this.#isOver = true;
  }

  due(): void {
    const now = this.#host.wallNowMs();
    if ((this.#identity.expiresAtMs ?? Infinity) <= now) {
      this.#end('OCELOT_ERR_TOKEN_EXPIRED', 'expired');
      return;
    }
    if (this.#recheckAtMs <= now) {
      this.#recheckAtMs = Infinity;
      void this.#recheck();
    }
    this.#schedule();
  }

  /** Ends the session since its credentials were revoked. Idempotent. */
  revoke(reason: string): void {
    this.#end('OCELOT_ERR_TOKEN_REVOKED', reason);
  }

  /**
   * Puts new credentials in place of those the session lives by: of the same provider and subject, and good for the
   * route. Never rejects.
   * @param place Where they came from, for the log.
   */
  async renew(token: string, place: string): Promise<RenewalOutcome> {
    const { exchange } = this.#init;
    const outcome = await this.#renewal(token, place);
    const fields = { provider: this.#identity.provider, place };
    if (outcome.renewed) exchange.log.debug({ ...fields, expiresAtMs: outcome.expiresAtMs }, 'credentials renewed');
    else {
      // Once: a client can go on asking, and must not fill the log with it.
      const level = this.#hasFailedToRenew ? 'debug' : 'info';
      this.#hasFailedToRenew = true;
      exchange.log[level]({ ...fields, reason: outcome.reason }, 'credentials were not renewed');
    }
    return outcome;
  }

  async #renewal(token: string, place: string): Promise<RenewalOutcome> {
    const provider = this.#init.provider();
    if (provider.fromText === undefined) return { renewed: false, reason: 'not-renewable' };
    try {
      const credentials = provider.fromText(token, place);
      const identity = await provider.verify(credentials, { signal: AbortSignal.timeout(VERIFY_LIMIT_MS) });
      // Whoever has no name could be anybody else the next time.
      if (identity.subject === undefined) return { renewed: false, reason: 'subject' };
      const outcome = this.#adopt(identity);
      if (outcome.renewed && this.#init.recheckMs > 0) this.#credentials = credentials;
      return outcome;
    } catch (error) {
      return { renewed: false, reason: this.#reasonOf(error) };
    }
  }

  async #recheck(): Promise<void> {
    const credentials = this.#credentials;
    if (credentials === undefined) return;
    const outcome = await this.#verifyAnew(credentials);
    // Renewed meanwhile: what the old credentials are worth does not matter any more.
    if (this.#credentials === credentials) this.#judge(outcome);
    this.#recheckAtMs = this.#nextRecheckMs();
    this.#schedule();
  }

  /** @returns what was thrown where that says nothing about the credentials. */
  async #verifyAnew(credentials: Credentials): Promise<{ readonly identity: Identity } | { readonly error: unknown }> {
    try {
      const signal = AbortSignal.timeout(VERIFY_LIMIT_MS);
      return { identity: await this.#init.provider().verify(credentials, { signal, isRecheck: true }) };
    } catch (error) {
      return { error };
    }
  }

  #judge(outcome: { readonly identity: Identity } | { readonly error: unknown }): void {
    if ('identity' in outcome) {
      this.#isUncheckable = false;
      const adopted = this.#adopt(outcome.identity);
      if (!adopted.renewed) this.revoke(adopted.reason);
      return;
    }
    const { error } = outcome;
    if (isAuthFailure(error) && !error.isUnavailable) this.revoke(error.reason);
    else if (!this.#isOver) this.#complain(error);
  }

  /** Nobody said that the token is bad: the socket stays until somebody does, or until it expires. */
  #complain(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    // Once: an issuer that is away is away for every socket, at every check.
    const level = this.#isUncheckable ? 'debug' : 'warn';
    this.#isUncheckable = true;
    const fields = { provider: this.#identity.provider, cause };
    this.#init.exchange.log[level](fields, 'credentials of an open session cannot be checked again now');
  }

  #adopt(verified: Identity): RenewalOutcome {
    if (this.#isOver) return { renewed: false, reason: 'closed' };
    if (!isSameSubject(verified, this.#identity)) return { renewed: false, reason: 'subject' };
    let identity: Identity;
    try {
      identity = this.#init.admit(verified);
    } catch (error) {
      return { renewed: false, reason: this.#reasonOf(error) };
    }
    this.#host.reindex(this, () => {
      this.#identity = identity;
    });
    this.#init.exchange.set(IDENTITY, identity);
    this.#schedule();
    return { renewed: true, expiresAtMs: identity.expiresAtMs };
  }

  #reasonOf(error: unknown): string {
    if (isAuthFailure(error)) return error.reason;
    if (error instanceof GatewayError) return error.code === 'OCELOT_ERR_TOKEN_REVOKED' ? 'revoked' : 'forbidden';
    const { exchange } = this.#init;
    const fields = { provider: this.#identity.provider, err: error };
    if (isTimeout(error)) exchange.log.warn(fields, 'credentials were not checked in time');
    else exchange.log.error(fields, 'credentials could not be checked');
    return 'unavailable';
  }

  #end(code: 'OCELOT_ERR_TOKEN_EXPIRED' | 'OCELOT_ERR_TOKEN_REVOKED', reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { session, closeCode } = this.#init;
    this.#host.schedule(this, Infinity);
    session.close(new GatewayError(code, { closeCode, details: { reason, provider: this.#identity.provider } }));
  }

  #schedule(): void {
    if (this.#isOver) return;
    this.#host.schedule(this, Math.min(this.#identity.expiresAtMs ?? Infinity, this.#recheckAtMs));
  }

  #nextRecheckMs(): number {
    const { recheckMs } = this.#init;
    if (recheckMs <= 0) return Infinity;
    return this.#host.wallNowMs() + recheckMs * (0.9 + this.#host.random() * 0.1);
  }
}

/** A subject is one of its issuer's (RFC 7519 §4.1.2): two issuers of one provider may both know an `alice`. */
function isSameSubject(one: Identity, other: Identity): boolean {
  if (one.subject !== other.subject) return false;
  const [issuer] = claimValues(one, 'iss');
  const [before] = claimValues(other, 'iss');
  return issuer === undefined || before === undefined || issuer === before;
}

/** What AbortSignal.timeout aborts with. */
function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
