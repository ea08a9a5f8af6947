import type { ErrorCode, SessionSummary, Side } from '@ocelot/core';

import { CLOSE_BAD_GATEWAY, CLOSE_GOING_AWAY } from './frames/close-codes.js';
import type { Boundary } from './frames/frame-scanner.js';

/** What can end a session. The first event decides the summary; later ones are still answered by their row. */
export type EndEvent =
  | `${Side}.close`
  | `${Side}.fin`
  | `${Side}.lost`
  | `${Side}.invalid`
  | `${Side}.end`
  | 'idle'
  | 'drain'
  | 'cut';

/** What one side gets. */
export type Farewell =
  /** Nothing: it cannot receive any more. */
  | { readonly kind: 'nothing' }
  /** The other side's Close frame as it is, now or when it comes. */
  | { readonly kind: 'relayed' }
  /** A Close frame of the gateway's; `given` is the code that came with the event. */
  | { readonly kind: 'close'; readonly code: number | 'given'; readonly at: Boundary }
  /** FIN behind what is queued: opaque mode knows no frames. */
  | { readonly kind: 'fin' };

/** One row of the truth table. */
export interface CloseRule {
  readonly event: EndEvent;
  /** When it happens, for the documentation. */
  readonly when: string;
  readonly closedBy: SessionSummary['closedBy'];
  readonly errorCode: ErrorCode | undefined;
  readonly toClient: Farewell;
  readonly toBackend: Farewell;
}

const nothing: Farewell = { kind: 'nothing' };
const relayed: Farewell = { kind: 'relayed' };
const fin: Farewell = { kind: 'fin' };
const close = (code: number | 'given', at: Boundary = 'frame'): Farewell => ({ kind: 'close', code, at });

/**
 * Every way in which a session ends, and what each side gets of it. `docs/architecture/close-and-drain.md` shows this
 * table, and a test holds the two together.
 */
export const CLOSE_TABLE: readonly CloseRule[] = [
  {
    event: 'client.close',
    when: 'the client sends a Close frame',
    closedBy: 'client',
    errorCode: undefined,
    toClient: relayed,
    toBackend: relayed,
  },
  {
    event: 'backend.close',
    when: 'the backend sends a Close frame',
    closedBy: 'backend',
    errorCode: undefined,
    toClient: relayed,
    toBackend: relayed,
  },
  {
    event: 'client.fin',
    when: 'the client half-closes without a Close frame',
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_CLIENT_GONE',
    toClient: relayed,
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.fin',
    when: 'the backend half-closes without a Close frame',
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_BACKEND_LOST',
    toClient: close(CLOSE_BAD_GATEWAY),
    toBackend: relayed,
  },
  {
    event: 'client.lost',
    when: "the client's connection breaks (RST, time-out of the operating system, TLS failure)",
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_CLIENT_GONE',
    toClient: nothing,
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.lost',
    when: "the backend's connection breaks",
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_BACKEND_LOST',
    toClient: close(CLOSE_BAD_GATEWAY),
    toBackend: nothing,
  },
  {
    event: 'client.invalid',
    when: 'the client sends a frame that breaks RFC 6455',
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_FRAME_INVALID',
    toClient: close('given'),
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.invalid',
    when: 'the backend sends a frame that breaks RFC 6455',
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_FRAME_INVALID',
    toClient: close(CLOSE_BAD_GATEWAY),
    toBackend: close('given'),
  },
  {
    event: 'client.end',
    when: 'opaque mode: the client half-closes',
    closedBy: 'client',
    errorCode: undefined,
    toClient: nothing,
    toBackend: fin,
  },
  {
    event: 'backend.end',
    when: 'opaque mode: the backend half-closes',
    closedBy: 'backend',
    errorCode: undefined,
    toClient: fin,
    toBackend: nothing,
  },
  {
    event: 'idle',
    when: 'no byte passed for `IdleTimeoutMs`',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_IDLE_TIMEOUT',
    toClient: close(CLOSE_GOING_AWAY),
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'drain',
    when: 'the gateway drains, or the route is withdrawn',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_DRAINING',
    toClient: close('given', 'message'),
    toBackend: close('given', 'message'),
  },
  {
    event: 'cut',
    when: 'the deadline of a drain passes, or the host destroys the session',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_DRAINING',
    toClient: nothing,
    toBackend: nothing,
  },
];

const BY_EVENT: ReadonlyMap<EndEvent, CloseRule> = new Map(CLOSE_TABLE.map((rule) => [rule.event, rule]));

/** The row of an event. */
export function closeRule(event: EndEvent): CloseRule {
  const rule = BY_EVENT.get(event);
  if (rule === undefined) throw new Error(`the close table has no row for ${event}`);
  return rule;
}
