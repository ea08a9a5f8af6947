import type { ControlAnswer, ControlEndpoint, ControlRequest, Identity } from '@ocelot/core';

import type { LiveSession, RenewalOutcome } from '../stream/live-session.js';
import type { Revocation, RevocationRule } from '../stream/revocation-list.js';
import { readTime, timeText } from '../stream/time-text.js';

/** What the calls act on. */
export interface AuthControl {
  /** @throws TypeError, RangeError as {@link RevocationList.add}. */
  revoke(rule: RevocationRule): { readonly revocation: Revocation; readonly closed: number };
  unrevoke(id: string): boolean;
  revocations(): readonly Revocation[];
  sessions(subject: string | undefined): Iterable<LiveSession>;
  /** @returns undefined when there is no such session. */
  renew(sessionId: string, token: string): Promise<RenewalOutcome> | undefined;
}

/** Most sessions that one answer lists. */
const MOST_LISTED = 1000;

/**
 * The calls on the gateway's control address: revocations, and tokens for open sessions. With several workers each
 * keeps its own list, all are told, and the answers are put together.
 */
export function authEndpoints(control: AuthControl): readonly ControlEndpoint[] {
  return [
    {
      method: 'POST',
      path: '/auth/revocations',
      description: 'Revoke a subject, a token id or a claim: closes its sockets and refuses its credentials.',
      handle: (request) => revoke(request, control),
      merge: mergeClosed,
    },
    {
      method: 'GET',
      path: '/auth/revocations',
      description: 'The revocations in force.',
      handle: () => json(200, { revocations: control.revocations().map(shownRevocation) }),
      merge: (answers) => mergeLists('revocations', answers),
    },
    {
      method: 'DELETE',
      path: '/auth/revocations/{id}',
      description: 'Take a revocation back.',
      handle: ({ params }) =>
        control.unrevoke(params['id'] ?? '')
          ? json(200, { removed: true })
          : fault(404, 'NOT_FOUND', 'There is none of this id.'),
    },
    {
      method: 'GET',
      path: '/auth/sessions',
      description: `Open sessions of authenticated clients, at most ${MOST_LISTED}; ?subject= for those of one.`,
      handle: ({ query }) => json(200, listed(control.sessions(query.get('subject') ?? undefined))),
      merge: (answers) => mergeLists('sessions', answers),
    },
    {
      method: 'POST',
      path: '/auth/sessions/{id}/token',
      description: 'Put a new token in place of the one an open session lives by.',
      // A worker that starts later has no such session, and nobody has to keep the token for it.
      isMomentary: true,
      handle: (request) => renew(request, control),
    },
  ];
}

function revoke(request: ControlRequest, control: AuthControl): ControlAnswer {
  try {
    const { revocation, closed } = control.revoke(readRule(request.body));
    return json(201, { ...shownRevocation(revocation), closed });
  } catch (error) {
    if (error instanceof RangeError) return fault(507, 'LIST_FULL', error.message);
    if (error instanceof TypeError) return fault(400, 'REQUEST_INVALID', error.message);
    throw error;
  }
}

async function renew({ params, body }: ControlRequest, control: AuthControl): Promise<ControlAnswer> {
  const token = readToken(body);
  if (token === undefined) return fault(400, 'REQUEST_INVALID', 'The body is {"token": "…"}.');
  const outcome = await control.renew(params['id'] ?? '', token);
  if (outcome === undefined) return fault(404, 'NOT_FOUND', 'No authenticated session of this id is open here.');
  if (outcome.renewed) return json(200, { renewed: true, expiresAt: timeText(outcome.expiresAtMs) });
  return json(403, { renewed: false, reason: outcome.reason });
}

function readToken(body: string): string | undefined {
  const { token } = readObject(body) ?? {};
  return typeof token === 'string' && token !== '' ? token : undefined;
}

const RULE_KEYS: readonly string[] = ['subject', 'tokenId', 'claim', 'value', 'issuedBefore', 'until'];

/** @throws TypeError saying what is wrong with the body. */
function readRule(body: string): RevocationRule {
  const written = readObject(body);
  if (written === undefined) throw new TypeError('The body is a JSON object.');
  const unknown = Object.keys(written).find((key) => !RULE_KEYS.includes(key));
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is none of ${RULE_KEYS.join(', ')}.`);
  const text = (key: string): string | undefined => {
    const value = written[key];
    if (value === undefined || typeof value === 'string') return value;
    throw new TypeError(`${key} is a text.`);
  };
  return {
    subject: text('subject'),
    tokenId: text('tokenId'),
    claim: text('claim'),
    value: text('value'),
    issuedBeforeMs: readTime(written['issuedBefore'], 'issuedBefore'),
    untilMs: readTime(written['until'], 'until'),
  };
}

function readObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said by the caller: it is no JSON object.
  }
  return undefined;
}

function shownRevocation({ id, subject, tokenId, claim, value, issuedBeforeMs, untilMs }: Revocation): object {
  return {
    id,
    subject,
    tokenId,
    claim,
    value,
    issuedBefore: timeText(issuedBeforeMs),
    until: timeText(untilMs),
  };
}

function listed(sessions: Iterable<LiveSession>): object {
  const shown: object[] = [];
  for (const { id, routeId, identity } of sessions) {
    if (shown.length === MOST_LISTED) break;
    shown.push({ id, route: routeId, ...shownIdentity(identity) });
  }
  return { sessions: shown };
}

function shownIdentity({ provider, subject, tokenId, expiresAtMs }: Identity): object {
  return { provider, subject, tokenId, expiresAt: timeText(expiresAtMs) };
}

function json(status: number, value: object): ControlAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** As every call of a control address answers what fails: `code` for scripts, `message` for people. */
function fault(status: number, code: string, message: string): ControlAnswer {
  return json(status, { status, code, message });
}

/** One answer of all workers': the worst, or the first with the sockets that all of them closed. */
function mergeClosed(answers: readonly ControlAnswer[]): ControlAnswer {
  const worst =
    answers.toSorted((one, other) => other.status - one.status)[0] ?? fault(500, 'NO_ANSWER', 'Nobody answered.');
  if (worst.status >= 300) return worst;
  const closed = answers.reduce((sum, { body }) => sum + Number(readObject(body)?.['closed'] ?? 0), 0);
  return json(worst.status, { ...readObject(worst.body), closed });
}

/** The lists of all workers as one, each entry once. */
function mergeLists(key: string, answers: readonly ControlAnswer[]): ControlAnswer {
  const byId = new Map<unknown, unknown>();
  for (const { body } of answers) {
    const entries = readObject(body)?.[key];
    for (const entry of Array.isArray(entries) ? (entries as readonly { readonly id?: unknown }[]) : []) {
      byId.set(entry.id, entry);
    }
  }
  return json(200, { [key]: [...byId.values()] });
}
