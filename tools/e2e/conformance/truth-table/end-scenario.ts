import type { FrameParts } from '@ocelot/test-support';

import { FrameWriter, type Mode, type Side } from '../conformance-case.js';
import type { CloseManners, StrictPeer } from '../strict-peer.js';

/** Keys of a route's `Gateway` section that a scenario needs. */
export type GatewayKeys = Readonly<Record<string, unknown>>;

/** The limit within which both sides are told and gone; `at once` leaves time for a busy machine only. */
export type Bound =
  | 'at once'
  | 'CloseTimeoutMs'
  | 'IdleTimeoutMs'
  | 'AppIdleTimeoutMs'
  | 'MaxLifetimeMs'
  | 'Ping'
  | 'Drain.DeadlineMs';

/** The two ends of a session that is about to end. */
export interface Ends {
  readonly client: StrictPeer;
  readonly backend: StrictPeer;
  /** Writes frames of a side; they are masked where they have to be. */
  send(side: Side, ...frames: readonly FrameParts[]): Promise<void>;
  /** Writes bytes after which nothing of this side can be read as a frame: no Close of it follows. */
  sendOpen(side: Side, bytes: Buffer): Promise<void>;
}

/** One way in which a session ends: one row of the truth table, or several where modes differ. */
export interface EndScenario {
  /** The row of `close-table.ts` that decides. */
  readonly event: string;
  /** What happens, in the words of the page. */
  readonly what: string;
  readonly modes: readonly Mode[];
  readonly gateway?: GatewayKeys;
  readonly within: Bound;
  /** What each side does about a Close. @default it answers */
  readonly onClose?: Partial<Readonly<Record<Side, CloseManners>>>;
  /** What the plugin of the conformance gateway does with the first frame or message of the route. */
  readonly tap?: 'throwing' | 'closing' | 'failing';
  /** The gateway is told to stop once all such sessions are open. */
  readonly isDrain?: boolean;
  /** Lets it happen. A timer needs nobody. */
  readonly act?: (ends: Ends) => void | Promise<void>;
}

/** What happens in a scenario to both sides alike, said once. */
export function onBothSides(make: (side: Side) => EndScenario): readonly EndScenario[] {
  return (['client', 'backend'] as const).map(make);
}

/** The beginning of a frame of `side`: 100 bytes announced, 10 there. */
export function halfFrame(side: Side): Buffer {
  return new FrameWriter(side).frame({ opcode: 2, claimedLength: 100n, payload: Buffer.alloc(10) });
}
