// Runs once per message of a route with `Gateway.Authentication.Renewal`: one search in the bytes of a message from the
// client that is small enough; only one that names the type is read as JSON. Messages of the backend are not looked at.
import type { FrameTap, GatewayConfig, Message, MessageHook, Route, TappedSession } from '@ocelot/core';

import type { LiveSession, RenewalOutcome } from './live-session.js';
import { timeText } from './time-text.js';

/** A larger message is no renewal: tokens are smaller. */
const MOST_BYTES = 65_536;

/** What the tap works with. */
export interface RenewalTapContext {
  /** `type` of the messages that renew, on a route; undefined: there are none. */
  renewalType(route: Route, config: GatewayConfig): string | undefined;
  /** The watched session of a tapped one. */
  liveSession(session: TappedSession): LiveSession | undefined;
}

/**
 * Lets clients put a new token in place of the one their socket lives by, with a message `{"type": …, "token": …}`. It
 * is answered with `{"type": …, "renewed": true, "expiresAt": …}` or `{"type": …, "renewed": false, "reason": …}`; the
 * backend sees neither. A renewal that fails changes nothing: the old token ends when it ends.
 */
export function renewalTap(context: RenewalTapContext): FrameTap {
  return {
    name: 'auth-renewal',
    forRoute(route, config) {
      const type = context.renewalType(route, config);
      if (type === undefined) return undefined;
      return { message: (session) => renewalHook(session, type, context) };
    },
  };
}

function renewalHook(session: TappedSession, type: string, context: RenewalTapContext): MessageHook {
  const mark = JSON.stringify(type);
  return (message, direction) => {
    if (direction !== 'to-backend' || message.type !== 'text' || message.data.byteLength > MOST_BYTES) return message;
    const { buffer, byteOffset, byteLength } = message.data;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    if (!bytes.includes(mark)) return message;
    const renewal = readRenewal(bytes.toString('utf8'), type);
    if (renewal === undefined) return message;
    return answerRenewal(session, type, renewal.token, context.liveSession(session));
  };
}

async function answerRenewal(
  session: TappedSession,
  type: string,
  token: string | undefined,
  live: LiveSession | undefined,
): Promise<undefined> {
  const outcome: RenewalOutcome =
    token === undefined || live === undefined
      ? { renewed: false, reason: token === undefined ? 'no-token' : 'no-session' }
      : await live.renew(token, 'renewal');
  session.send('to-client', answer(type, outcome));
  return undefined;
}

/** @returns undefined when the message is none of ours. */
function readRenewal(text: string, type: string): { readonly token: string | undefined } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No JSON: a message that only mentions the type.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { type: found, token } = value as { readonly type?: unknown; readonly token?: unknown };
  if (found !== type) return undefined;
  return { token: typeof token === 'string' && token !== '' ? token : undefined };
}

function answer(type: string, outcome: RenewalOutcome): Message {
  const body = outcome.renewed
    ? { type, renewed: true, expiresAt: timeText(outcome.expiresAtMs) }
    : { type, renewed: false, reason: outcome.reason };
  return { type: 'text', data: Buffer.from(JSON.stringify(body)) };
}
