import type { ErrorCode, SessionSummary, Side } from '@ocelot/core';

import {
  CLOSE_BAD_GATEWAY,
  CLOSE_GOING_AWAY,
  CLOSE_INTERNAL_ERROR,
  CLOSE_SERVICE_RESTART,
} from './frames/close-codes.js';
import type { Boundary } from './frames/scan-sink.js';

/** What can end a session. The first event decides the summary; later ones are still answered by their row. */
export type EndEvent =
  | `${Side}.close`
  | `${Side}.fin`
  | `${Side}.lost`
  | `${Side}.invalid`
  | `${Side}.too-big`
  | `${Side}.over-limit`
  | `${Side}.silent`
  | `${Side}.end`
  | GatewayEnd
  | 'cut';

/** Ends that the gateway itself decides on, in good order. */
export type GatewayEnd = 'idle' | 'app-idle' | 'lifetime' | 'hook' | 'plugin' | 'error' | 'drain';

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
  /** `given`: that of the error that came with the event. */
  readonly errorCode: ErrorCode | 'given' | undefined;
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
    event: 'client.too-big',
    when: 'a message of the client is larger than `MaxMessageBytes`',
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_MESSAGE_TOO_BIG',
    toClient: close('given'),
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.too-big',
    when: 'a message of the backend is larger than `MaxMessageBytes`',
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_MESSAGE_TOO_BIG',
    toClient: close(CLOSE_BAD_GATEWAY),
    toBackend: close('given'),
  },
  {
    event: 'client.over-limit',
    when: 'the client sends more frames than `MaxFramesPerMessage` or `MaxFrameRate`',
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_FRAME_LIMIT',
    toClient: close('given'),
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.over-limit',
    when: 'the backend sends more frames than `MaxFramesPerMessage` or `MaxFrameRate`',
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_FRAME_LIMIT',
    toClient: close(CLOSE_BAD_GATEWAY),
    toBackend: close('given'),
  },
  {
    event: 'client.silent',
    when: 'the client leaves a `Ping` unanswered; its connection is cut',
    closedBy: 'client',
    errorCode: 'OCELOT_ERR_PEER_SILENT',
    toClient: nothing,
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'backend.silent',
    when: 'the backend leaves a `Ping` unanswered; its connection is cut',
    closedBy: 'backend',
    errorCode: 'OCELOT_ERR_PEER_SILENT',
    toClient: close(CLOSE_INTERNAL_ERROR),
    toBackend: nothing,
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
    event: 'app-idle',
    when: 'no data message passed for `AppIdleTimeoutMs`',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_IDLE_TIMEOUT',
    toClient: close(CLOSE_GOING_AWAY),
    toBackend: close(CLOSE_GOING_AWAY),
  },
  {
    event: 'lifetime',
    when: 'the session is `MaxLifetimeMs` old',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_LIFETIME_OVER',
    toClient: close(CLOSE_SERVICE_RESTART, 'message'),
    toBackend: close(CLOSE_SERVICE_RESTART, 'message'),
  },
  {
    event: 'hook',
    when: 'a tap of a plugin throws',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_HOOK_FAILED',
    toClient: close(CLOSE_INTERNAL_ERROR),
    toBackend: close(CLOSE_INTERNAL_ERROR),
  },
  {
    event: 'plugin',
    when: 'a tap of a plugin closes the session',
    closedBy: 'gateway',
    errorCode: 'OCELOT_ERR_CLOSED_BY_PLUGIN',
    toClient: close('given'),
    toBackend: close('given'),
  },
  {
    event: 'error',
    when: 'a plugin ends the session with an error of the catalogue: expired credentials, a limit',
    closedBy: 'gateway',
    errorCode: 'given',
    toClient: close('given'),
    toBackend: close('given'),
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
