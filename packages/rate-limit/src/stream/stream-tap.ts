import { createHash } from 'node:crypto';

import type {
  Clock,
  Direction,
  Exchange,
  FrameHeader,
  FrameObserver,
  GatewayEvent,
  MessageHook,
  RouteTap,
  Session,
  Slot,
  TappedSession,
} from '@ocelot/core';

import type { ClientNaming } from '../client-key/client-key.js';
import { BytePace } from './byte-pace.js';
import { type Dropping, passes } from './drop-hook.js';
import { LimitReport } from './limit-report.js';
import { Pace } from './pace.js';
import type { SharedBuckets } from './shared-buckets.js';
import type { ScopedRate, StreamLimit } from './stream-limits.js';
import { TokenBucket } from './token-bucket.js';

/** What the limits of open sockets are kept with. */
export interface StreamKeeping {
  readonly naming: ClientNaming;
  readonly buckets: SharedBuckets;
  /** Where the session of an exchange is found, once it is open. */
  readonly session: Slot<Session>;
  readonly clock: Clock;
  readonly record: (event: GatewayEvent) => void;
}

/** What counts in one direction of one session. */
interface Meters {
  messages: Pace | undefined;
  bytes: BytePace | undefined;
}

/**
 * The tap behind `Gateway.RateLimit.Messages` and `Bytes`. Limits that pause or close see frame headers only; one that
 * drops decides about whole messages.
 */
export function streamTap(limits: readonly StreamLimit[], keeping: StreamKeeping): RouteTap {
  const observed = limits.filter(({ action }) => action !== 'drop');
  const dropping = limits.filter(({ action }) => action === 'drop');
  return {
    ...(observed.length === 0 ? {} : { observe: (session) => new StreamMeter(observed, session, keeping) }),
    ...(dropping.length === 0 ? {} : { message: (session) => dropHook(dropping, session, keeping) }),
  };
}

/** Hot path: `frame` runs once per frame. It allocates nothing. */
class StreamMeter implements FrameObserver {
  readonly #toBackend: Meters = { messages: undefined, bytes: undefined };
  readonly #toClient: Meters = { messages: undefined, bytes: undefined };

  constructor(limits: readonly StreamLimit[], session: TappedSession, keeping: StreamKeeping) {
    const { clock } = keeping;
    const { exchange } = session;
    for (const limit of limits) {
      for (const direction of limit.directions) {
        const meters = direction === 'to-backend' ? this.#toBackend : this.#toClient;
        const buckets = bucketsOf(limit, direction, exchange, keeping);
        const report = new LimitReport(keeping, exchange, limit, direction);
        const pace = new Pace({ limit, direction, buckets, session, report, clock });
        pace.begin();
        if (limit.unit === 'messages') {
          meters.messages = pace;
          continue;
        }
        const bytes = new BytePace(pace, clock, () => passedBytes(exchange.get(keeping.session), direction));
        exchange.defer(() => bytes.close());
        meters.bytes = bytes;
      }
    }
  }

  frame(direction: Direction, header: FrameHeader): void {
    const { messages, bytes } = direction === 'to-backend' ? this.#toBackend : this.#toClient;
    // A message counts with its first frame: text (1) or binary (2).
    if (messages !== undefined && (header.opcode === 1 || header.opcode === 2)) messages.spend(1);
    if (bytes !== undefined) bytes.frame(header.payloadBytes);
  }
}

function passedBytes(session: Session | undefined, direction: Direction): number {
  if (session === undefined) return 0;
  return direction === 'to-backend' ? session.fromClient.bytes : session.fromBackend.bytes;
}

function dropHook(limits: readonly StreamLimit[], session: TappedSession, keeping: StreamKeeping): MessageHook {
  const { exchange } = session;
  const droppings: readonly Dropping[] = limits.flatMap((limit) =>
    limit.directions.map((direction) => ({
      unit: limit.unit,
      direction,
      buckets: bucketsOf(limit, direction, exchange, keeping),
      report: new LimitReport(keeping, exchange, limit, direction),
    })),
  );
  return (message, direction) => (passes(droppings, direction, message, keeping.clock) ? message : undefined);
}

function bucketsOf(
  limit: StreamLimit,
  direction: Direction,
  exchange: Exchange,
  keeping: StreamKeeping,
): readonly TokenBucket[] {
  return limit.rates.map((scoped) => {
    if (scoped.scope === 'connection') return new TokenBucket(scoped.rate, keeping.clock.now());
    const share = keeping.buckets.acquire(shareKey(limit, scoped, direction, exchange, keeping.naming), scoped.rate);
    exchange.defer(() => share.release());
    return share.bucket;
  });
}

/** With the rate, so that a reload that changes it begins anew. Hashed, as names of clients may be long, or secret. */
function shareKey(
  { unit }: StreamLimit,
  { scope, rate }: ScopedRate,
  direction: Direction,
  exchange: Exchange,
  naming: ClientNaming,
): string {
  const rule = `${exchange.route.id}\0${unit}\0${direction}\0${scope}\0${rate.perSecond}/${rate.burst}`;
  const client = scope === 'route' ? '' : naming.nameOrAddress(exchange).id;
  return createHash('sha1').update(`${rule}\0${client}`).digest('base64');
}
