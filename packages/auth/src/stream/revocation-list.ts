// Asked once per authenticated request; a Map is looked into for the subject, the token and each claim that is named.
import { createHash } from 'node:crypto';

import type { Identity } from '@ocelot/core';

import { claimValues } from '../claims/claim-values.js';

/** Whose credentials are not good any more: exactly one of subject, token id, or claim with its value. */
export interface RevocationRule {
  readonly subject?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly claim?: string | undefined;
  /** Of `claim`. */
  readonly value?: string | undefined;
  /** Tokens issued at that time (`iat`) or later stay good; milliseconds since 1970. @default none stays good */
  readonly issuedBeforeMs?: number | undefined;
  /** Until when; milliseconds since 1970. @default a day from now */
  readonly untilMs?: number | undefined;
}

/** A revocation in force. */
export interface Revocation extends RevocationRule {
  /** The same for the same subject, token id or claim, in every process. */
  readonly id: string;
  readonly untilMs: number;
}

const DAY_MS = 86_400_000;

/** The longest text that is taken for a subject, a token id, a claim or its value. */
const LONGEST_TEXT = 1024;

/**
 * Revocations until they lapse, at most `maxEntries` of them: they are held in memory, and a process that starts again
 * knows none.
 */
export class RevocationList {
  readonly #wallNowMs: () => number;
  readonly #maxEntries: number;
  readonly #byKey = new Map<string, Revocation>();
  /** Claims that revocations name, with how many do. */
  readonly #claims = new Map<string, number>();

  constructor(maxEntries: number, wallNowMs: () => number) {
    this.#maxEntries = maxEntries;
    this.#wallNowMs = wallNowMs;
  }

  /** Those in force, oldest first. */
  get entries(): readonly Revocation[] {
    this.#purge();
    return [...this.#byKey.values()];
  }

  /**
   * Adds a revocation; one of the same subject, token id or claim is replaced.
   * @throws RangeError when the list is full.
   * @throws TypeError when the rule does not name exactly one thing, or one that is empty or too long, or lapsed already:
   *   it would revoke nothing, and take the place of one that does.
   */
  add(rule: RevocationRule): Revocation {
    const key = keyOfRule(rule);
    if (!((rule.untilMs ?? Infinity) > this.#wallNowMs())) throw new TypeError('until is over already.');
    if (!this.#byKey.has(key) && this.#byKey.size >= this.#maxEntries) this.#purge();
    if (!this.#byKey.has(key) && this.#byKey.size >= this.#maxEntries) {
      throw new RangeError(`The list of revocations is full: it holds ${this.#maxEntries}.`);
    }
    this.#remove(key);
    const id = createHash('sha256').update(key).digest('base64url').slice(0, 22);
    const revocation = { ...rule, id, untilMs: rule.untilMs ?? this.#wallNowMs() + DAY_MS };
    this.#byKey.set(key, revocation);
    if (rule.claim !== undefined) this.#claims.set(rule.claim, (this.#claims.get(rule.claim) ?? 0) + 1);
    return revocation;
  }

  /** Takes a revocation back. @returns false when there is none of this id. */
  delete(id: string): boolean {
    for (const [key, revocation] of this.#byKey) if (revocation.id === id) return this.#remove(key);
    return false;
  }

  /** The revocation that an identity falls under. */
  find(identity: Identity): Revocation | undefined {
    if (this.#byKey.size === 0) return undefined;
    const { subject, tokenId } = identity;
    return (
      (subject === undefined ? undefined : this.#inForce(keyOf('subject', subject), identity)) ??
      (tokenId === undefined ? undefined : this.#inForce(keyOf('token', tokenId), identity)) ??
      this.#findByClaim(identity)
    );
  }

  #findByClaim(identity: Identity): Revocation | undefined {
    for (const claim of this.#claims.keys()) {
      for (const value of claimValues(identity, claim)) {
        const found = this.#inForce(keyOf('claim', claim, value), identity);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #inForce(key: string, identity: Identity): Revocation | undefined {
    const revocation = this.#byKey.get(key);
    if (revocation === undefined) return undefined;
    if (revocation.untilMs <= this.#wallNowMs()) {
      this.#remove(key);
      return undefined;
    }
    return covers(revocation, identity) ? revocation : undefined;
  }

  #remove(key: string): boolean {
    const claim = this.#byKey.get(key)?.claim;
    if (claim !== undefined) {
      const others = (this.#claims.get(claim) ?? 1) - 1;
      if (others === 0) this.#claims.delete(claim);
      else this.#claims.set(claim, others);
    }
    return this.#byKey.delete(key);
  }

  #purge(): void {
    const now = this.#wallNowMs();
    for (const [key, { untilMs }] of this.#byKey) if (untilMs <= now) this.#remove(key);
  }
}

/** Whether a revocation means these credentials, and not later ones of the same subject. */
function covers({ issuedBeforeMs }: RevocationRule, identity: Identity): boolean {
  if (issuedBeforeMs === undefined) return true;
  const [issued] = claimValues(identity, 'iat');
  const issuedMs = Number(issued) * 1000;
  // What does not say when it was issued may be old.
  return !(issuedMs >= issuedBeforeMs);
}

/** @throws TypeError */
function keyOfRule({ subject, tokenId, claim, value }: RevocationRule): string {
  const named = [
    subject === undefined ? [] : [['subject', subject]],
    tokenId === undefined ? [] : [['token', tokenId]],
    claim === undefined && value === undefined ? [] : [['claim', claim ?? '', value ?? '']],
  ].flat();
  const [parts, ...others] = named;
  if (parts === undefined || others.length > 0) {
    throw new TypeError('Name exactly one of subject, tokenId, or claim with its value.');
  }
  if (parts.some((part) => part === '' || part.length > LONGEST_TEXT)) {
    throw new TypeError(`What is revoked has 1 to ${LONGEST_TEXT} characters.`);
  }
  return keyOf(...parts);
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
