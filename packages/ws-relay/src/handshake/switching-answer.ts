import { type Admission, ANSWER_PROTOCOL, type UpgradeRequest } from '@ocelot/core';
import { endToEndHeaders, headerValues, isHopByHop } from '@ocelot/relay-kit';

import type { ResponseHead } from './response-head.js';

/** What a client is told when its WebSocket stands. */
export interface SwitchingAnswer {
  /** `Sec-WebSocket-Accept`, for clients that sent a key. */
  readonly acceptKey: string;
  /**
   * What the backend selected, for events. What a client is told without that (ANSWER_PROTOCOL) may be its token, so it
   * stands among the headers only.
   */
  readonly subprotocol: string | undefined;
  /** Everything else that is not of the hop: subprotocol, extensions, cookies, …: name, value, …. */
  readonly headers: readonly string[];
}

const HANDSHAKE = 'sec-websocket-';
const ACCEPT = 'sec-websocket-accept';
const KEY = 'sec-websocket-key';
const PROTOCOL = 'sec-websocket-protocol';
const EXTENSIONS = 'sec-websocket-extensions';
/** What a 101 cannot have (RFC 9110 §8.6). */
const CONTENT_LENGTH = 'content-length';

/**
 * The answer that opens a WebSocket: the backend's 101, validated, with its end-to-end headers. What belongs to the
 * handshake itself goes past {@link Admission.answerHeaders}: both ends have agreed on it, and what a stage said there
 * would be a lie to one of them.
 * @param ownExtensions Messages mode: what the gateway itself agreed on with the client, in place of the backend's; may
 *   be empty.
 */
export function switchingAnswer(
  admission: Admission<UpgradeRequest>,
  head: ResponseHead,
  ownExtensions?: string,
): SwitchingAnswer {
  const kept = endToEndHeaders(head.rawHeaders);
  const agreed: string[] = [];
  const passed: string[] = [];
  // Both, in the backend's order.
  const all: string[] = [];
  for (let i = 0; i + 1 < kept.length; i += 2) {
    const name = kept[i] ?? '';
    const value = kept[i + 1] ?? '';
    const folded = name.toLowerCase();
    if (folded === CONTENT_LENGTH || folded === ACCEPT || folded === KEY) continue;
    if (ownExtensions !== undefined && folded === EXTENSIONS) continue;
    (folded.startsWith(HANDSHAKE) ? agreed : passed).push(name, value);
    all.push(name, value);
  }
  const answered = admission.answerHeaders(head.status, passed);
  const headers: string[] =
    answered === passed ? all : [...agreed, ...answered.filter((_, index) => isFree(answered[index & ~1] ?? ''))];
  if (ownExtensions !== undefined && ownExtensions !== '') headers.push('Sec-WebSocket-Extensions', ownExtensions);
  const [selected] = headerValues(head.rawHeaders, PROTOCOL);
  const own = selected === undefined ? answerProtocol(admission) : undefined;
  if (own !== undefined) headers.push('Sec-WebSocket-Protocol', own);
  return {
    acceptKey: headerValues(head.rawHeaders, ACCEPT)[0] ?? '',
    subprotocol: selected,
    headers,
  };
}

/** What a client is told that had to offer something; it may be nothing that it did not offer (RFC 6455 §4.2.2). */
function answerProtocol(admission: Admission<UpgradeRequest>): string | undefined {
  const own = admission.get(ANSWER_PROTOCOL);
  return own !== undefined && admission.request.protocols.includes(own) ? own : undefined;
}

/** Whether a stage may have put the header there. */
function isFree(name: string): boolean {
  const folded = name.toLowerCase();
  return folded !== CONTENT_LENGTH && !folded.startsWith(HANDSHAKE) && !isHopByHop(folded);
}
