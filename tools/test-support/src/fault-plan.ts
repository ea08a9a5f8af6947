import type { SeededRandom } from './seeded-random.js';

/** A direction through a relay, as whoever connected to it sees it. */
export type Way = 'toServer' | 'toClient';

/** What happens once, when so many bytes of one way have passed. */
export type Fault =
  /** FIN to both ends behind what has passed; nothing passes any more. */
  | { readonly kind: 'cut'; readonly way: Way; readonly afterBytes: number }
  /** FIN to the receiver of this way only; the other way goes on. */
  | { readonly kind: 'halfClose'; readonly way: Way; readonly afterBytes: number }
  /** RST to both ends: what was on its way is lost. */
  | { readonly kind: 'reset'; readonly way: Way; readonly afterBytes: number }
  /**
   * A peer that vanished: everything is swallowed both ways, FIN and RST too, and the sockets stay open until their
   * other ends close them.
   */
  | { readonly kind: 'halfOpen'; readonly way: Way; readonly afterBytes: number }
  /** Stops reading this way for `ms`, so that its sender feels it; without `ms` for good. */
  | { readonly kind: 'stall'; readonly way: Way; readonly afterBytes: number; readonly ms?: number };

/** How the bytes of one way are carried, faults apart. Everything left out: as they come. */
export interface WayShape {
  /** Each piece waits so long before it goes on. */
  readonly delayMs?: number;
  /** Pieces of at most so many bytes, each written alone: 1 is one byte at a time. */
  readonly pieceBytes?: number;
  /** `pieceBytes` counts for so many bytes from the beginning only. @default all */
  readonly piecesUntil?: number;
  /** And for so long at most: each piece costs a turn of the event loop, which is long where thousands share it. */
  readonly piecesForMs?: number;
  /** Pieces end at these offsets of the stream. Ascending. */
  readonly splitAt?: readonly number[];
  readonly bytesPerSecond?: number;
}

/** What a relay does to one connection. Plain data: printed as JSON it can be played again. */
export interface FaultPlan {
  readonly faults?: readonly Fault[];
  readonly toServer?: WayShape;
  readonly toClient?: WayShape;
}

/** What {@link randomFaultPlan} chooses from. */
export interface RandomPlanOptions {
  /** Share of connections that get a fault, 0 to 1. @default 0.5 */
  readonly faultShare?: number;
  /** @default every kind */
  readonly kinds?: readonly Fault['kind'][];
  /** Faults come within so many bytes; about a quarter of them within the first 600, where the handshake is. @default 65536 */
  readonly withinBytes?: number;
  /** Share of ways whose bytes are cut up or held up. @default 0.5 */
  readonly shapeShare?: number;
  /** Longest hold-up of a piece, and length of a stall. @default 20 */
  readonly maxDelayMs?: number;
}

const KINDS: readonly Fault['kind'][] = ['cut', 'halfClose', 'reset', 'halfOpen', 'stall'];

/** About the length of a handshake head. */
const HEAD_BYTES = 600;
/** Small pieces are for the handshake and a little more. */
const PIECES = 500;
const PIECES_MS = 800;

/** Chooses a plan. The same source in the same state chooses the same. */
export function randomFaultPlan(random: SeededRandom, options: RandomPlanOptions = {}): FaultPlan {
  const { faultShare = 0.5, kinds = KINDS, withinBytes = 65_536, maxDelayMs = 20 } = options;
  const shape = (): WayShape | undefined =>
    random.chance(options.shapeShare ?? 0.5) ? randomShape(random, maxDelayMs) : undefined;
  const faults: Fault[] = [];
  if (random.chance(faultShare) && kinds.length > 0) {
    const kind = random.pick(kinds);
    const way = random.pick(['toServer', 'toClient'] as const);
    const afterBytes = random.between(0, random.chance(0.25) ? HEAD_BYTES : withinBytes);
    faults.push(kind === 'stall' ? { kind, way, afterBytes, ms: maxDelayMs } : { kind, way, afterBytes });
  }
  const toServer = shape();
  const toClient = shape();
  return {
    ...(faults.length > 0 ? { faults } : {}),
    ...(toServer === undefined ? {} : { toServer }),
    ...(toClient === undefined ? {} : { toClient }),
  };
}

function randomShape(random: SeededRandom, maxDelayMs: number): WayShape {
  switch (random.between(0, 4)) {
    case 0:
      return { pieceBytes: 1, piecesUntil: PIECES, piecesForMs: PIECES_MS };
    case 1: {
      const pieceBytes = random.between(2, 60);
      return { pieceBytes, piecesUntil: pieceBytes * PIECES, piecesForMs: PIECES_MS };
    }
    case 2:
      return { delayMs: random.between(1, Math.max(1, maxDelayMs)) };
    case 3: {
      const pieceBytes = random.between(500, 5000);
      return { pieceBytes, piecesUntil: pieceBytes * PIECES, piecesForMs: PIECES_MS };
    }
    default: {
      const first = random.between(1, HEAD_BYTES);
      return { splitAt: [first, first + random.between(1, 20), first + random.between(21, 2000)] };
    }
  }
}
