import type {
  BalancingContext,
  BalancingPolicy,
  BalancingPolicyFactory,
  Endpoint,
  EndpointLoad,
  GatewayRequest,
  JsonObject,
  NoteChannel,
  OutgoingHeaders,
} from '@ocelot/core';

import { cookieValue, setCookieValue } from './cookie-value.js';
import { readCookieName, readNumber } from './read-option.js';
import { Rendezvous } from './rendezvous.js';
import { roundRobin } from './round-robin.js';
import { SessionStores, type StoreHold } from './session-stores.js';
import type { SessionTable } from './session-table.js';

/** Ocelot: CookieStickySessions.cs, DefSessionCookieName. */
const DEFAULT_COOKIE = '.AspNetCore.Session';
/** Ocelot: CookieStickySessions.cs, 20 minutes. */
const DEFAULT_EXPIRY_MS = 1_200_000;
const LIMITS = {
  /** About 20 MB with session identifiers of ordinary length. */
  maxSessions: 100_000,
  /** Clients write the cookies, so their sum is bounded too: 16 Mi characters. */
  maxKeyCharacters: 16_777_216,
};

/** What members of a group tell each other. */
type SessionNote = readonly [session: string, host: string, port: number];

/**
 * Makes the policy that sends every request of one session to one endpoint. The session is the value of a cookie that
 * your backends set (the gateway sets none); a request without it is balanced by RoundRobin. A session belongs to the
 * endpoint that gave it its cookie, from that answer on, HTTP or 101. (Ocelot balances the first request that carries
 * the cookie anew: the session then begins on one host and goes on with another.)
 *
 * Options: `Key`, the name of the cookie (default `.AspNetCore.Session`); `Expiry`, the milliseconds after its last use
 * until a session is forgotten (default, also for 0 or less: 1 200 000).
 *
 * An endpoint that left, or failed for this request, is replaced by another one, which is remembered from then on; one
 * whose weight fell to 0 keeps its sessions and gets no new ones. Routes to the same service know the same sessions,
 * 100 000 at most; beyond that the one unused for longest is forgotten.
 *
 * Members of a gateway group tell each other their sessions, which takes a moment. One that is known to none of them
 * goes to the endpoint that its cookie hashes to, the same for all of them while their endpoints are the same.
 */
export function cookieStickySessions(): BalancingPolicyFactory {
  const stores = new SessionStores(LIMITS);
  return (options, context) => new CookieStickySessions(options, context, stores);
}

class CookieStickySessions implements BalancingPolicy {
  readonly #cookie: string;
  readonly #hold: StoreHold;
  readonly #sessions: SessionTable;
  readonly #context: BalancingContext;
  readonly #others: BalancingPolicy;
  readonly #hashed = new Rendezvous();
  readonly #channel: NoteChannel | undefined;

  constructor(options: JsonObject, context: BalancingContext, stores: SessionStores) {
    this.#cookie = readCookieName(options['Key'], DEFAULT_COOKIE);
    this.#context = context;
    this.#others = roundRobin({}, context);
    this.#hold = stores.take(context.service, this.#cookie, readExpiryMs(options['Expiry']));
    this.#sessions = this.#hold.sessions;
    this.#channel = context.notes?.((note) => this.#heard(note));
  }

  pick(candidates: readonly EndpointLoad[], request: GatewayRequest, clientAddress: string): EndpointLoad {
    const session = cookieValue(request.header('cookie'), this.#cookie);
    if (session === undefined) return this.#others.pick(candidates, request, clientAddress);
    const nowMs = this.#context.clock.now();
    const known = this.#sessions.get(session, nowMs);
    const picked =
      (known && candidates.find(({ endpoint }) => endpoint.host === known.host && endpoint.port === known.port)) ??
      this.#pickNew(candidates, request, clientAddress, session);
    this.#remember(session, picked.endpoint, nowMs, false);
    return picked;
  }

  #pickNew(
    candidates: readonly EndpointLoad[],
    request: GatewayRequest,
    clientAddress: string,
    session: string,
  ): EndpointLoad {
    const isAlone = (this.#context.member?.size ?? 1) === 1;
    return isAlone ? this.#others.pick(candidates, request, clientAddress) : this.#hashed.pick(candidates, session);
  }

  /** The backend begins or renames a session with this answer: its next request belongs to the same endpoint. */
  mark(endpoint: Endpoint, _request: GatewayRequest, answer: OutgoingHeaders): void {
    const session = setCookieValue(answer.raw, this.#cookie);
    if (session !== undefined) this.#remember(session, endpoint, this.#context.clock.now(), true);
  }

  /** What was chosen is told to nobody: the others choose alike, unless one of them has learned better. */
  #remember(session: string, endpoint: Endpoint, nowMs: number, isLearned: boolean): void {
    const isNews = this.#sessions.set(session, endpoint, nowMs, isLearned);
    if (isNews && this.#channel !== undefined) {
      const note: SessionNote = [session, endpoint.host, endpoint.port];
      this.#channel.tell(JSON.stringify(note));
    }
  }

  #heard(note: string): void {
    const [session, host, port] = JSON.parse(note) as SessionNote;
    this.#sessions.set(session, { host, port }, this.#context.clock.now(), true);
  }

  close(): void {
    this.#channel?.close();
    this.#hold.release();
  }
}

function readExpiryMs(value: JsonObject[string]): number {
  const expiryMs = readNumber('Expiry', 'a number of milliseconds', value, DEFAULT_EXPIRY_MS);
  return expiryMs > 0 ? expiryMs : DEFAULT_EXPIRY_MS;
}
