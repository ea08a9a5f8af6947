import type {
  BalancingContext,
  BalancingPolicy,
  BalancingPolicyFactory,
  EndpointLoad,
  GatewayRequest,
  JsonObject,
} from '@ocelot/core';

import { cookieValue } from './cookie-value.js';
import { rendezvous } from './rendezvous.js';
import { roundRobin } from './round-robin.js';
import { SessionTable } from './session-table.js';
import { WeightedView } from './weighted-view.js';

/** Ocelot: CookieStickySessions.cs, DefSessionCookieName. */
const DEFAULT_COOKIE = '.AspNetCore.Session';
/** Ocelot: CookieStickySessions.cs, 20 minutes. */
const DEFAULT_EXPIRY_MS = 1_200_000;
/** Sessions one pool remembers; about 20 MB with session identifiers of ordinary length. */
const MOST_SESSIONS = 100_000;
/** Clients write the cookies, so their sum is bounded too: 16 Mi characters. */
const MOST_KEY_CHARACTERS = 16_777_216;

/**
 * Sends every request of one session to one endpoint. The session is the value of a cookie that your backends set
 * (the gateway sets none); a request without it is balanced by RoundRobin.
 *
 * Options: `Key`, the name of the cookie (default `.AspNetCore.Session`); `Expiry`, the milliseconds after its last use
 * until a session is forgotten (default, also for 0 or less: 1 200 000).
 *
 * An endpoint that left, or failed for this request, is replaced by another one, which is remembered from then on; one
 * whose weight fell to 0 keeps its sessions and gets no new ones. Each pool remembers its own sessions, 100 000 at
 * most; beyond that the one unused for longest is forgotten.
 *
 * Members of a gateway group, who do not know each other's sessions, send a new one to the endpoint that its cookie
 * hashes to, which is the same for all of them while their endpoints are the same.
 */
export const cookieStickySessions: BalancingPolicyFactory = (options, context): BalancingPolicy =>
  new CookieStickySessions(options, context);

class CookieStickySessions implements BalancingPolicy {
  readonly #cookie: string;
  readonly #sessions: SessionTable;
  readonly #context: BalancingContext;
  readonly #others: BalancingPolicy;
  readonly #view = new WeightedView();

  constructor(options: JsonObject, context: BalancingContext) {
    this.#cookie = readKey(options['Key']);
    this.#context = context;
    this.#others = roundRobin({}, context);
    this.#sessions = new SessionTable({
      expiryMs: readExpiryMs(options['Expiry']),
      maxSessions: MOST_SESSIONS,
      maxKeyCharacters: MOST_KEY_CHARACTERS,
    });
  }

  pick(candidates: readonly EndpointLoad[], request: GatewayRequest, clientAddress: string): EndpointLoad {
    const session = cookieValue(request.header('cookie'), this.#cookie);
    if (session === undefined) return this.#others.pick(candidates, request, clientAddress);
    const nowMs = this.#context.clock.now();
    const known = this.#sessions.get(session, nowMs);
    const picked =
      (known && candidates.find(({ endpoint }) => endpoint.host === known.host && endpoint.port === known.port)) ??
      this.#pickNew(candidates, request, clientAddress, session);
    this.#sessions.set(session, picked.endpoint, nowMs);
    return picked;
  }

  #pickNew(
    candidates: readonly EndpointLoad[],
    request: GatewayRequest,
    clientAddress: string,
    session: string,
  ): EndpointLoad {
    const isAlone = (this.#context.member?.size ?? 1) === 1;
    return isAlone
      ? this.#others.pick(candidates, request, clientAddress)
      : rendezvous(this.#view.of(candidates).usable, session);
  }

  close(): void {
    this.#sessions.clear();
  }
}

function readKey(value: JsonObject[string]): string {
  if (value === undefined || value === null) return DEFAULT_COOKIE;
  if (typeof value !== 'string') throw new Error(`Key must be the name of a cookie, not ${JSON.stringify(value)}.`);
  const name = value.trim();
  // RFC 6265 §4.1.1: a cookie's name is a token.
  if (/[\u0000-\u0020\u007f"(),/:;<=>?@[\\\]{}]/.test(name)) {
    throw new Error(`Key must be the name of a cookie; ${JSON.stringify(name)} cannot be one (RFC 6265 §4.1.1).`);
  }
  return name === '' ? DEFAULT_COOKIE : name;
}

function readExpiryMs(value: JsonObject[string]): number {
  if (value === undefined || value === null) return DEFAULT_EXPIRY_MS;
  const expiryMs = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof expiryMs !== 'number' || !Number.isFinite(expiryMs)) {
    throw new Error(`Expiry must be a number of milliseconds, not ${JSON.stringify(value)}.`);
  }
  return expiryMs > 0 ? expiryMs : DEFAULT_EXPIRY_MS;
}
