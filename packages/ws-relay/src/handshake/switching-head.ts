import { endToEndHeaders, headerLines } from '@ocelot/relay-kit';
import type { ResponseHead } from './response-head.js';

/** What a 101 cannot have (RFC 9110 §8.6). */
const CONTENT_LENGTH = 'content-length';
const EXTENSIONS = 'sec-websocket-extensions';

/**
 * The 101 for the client: the backend's, validated, with its end-to-end headers (cookies, subprotocol, extensions, the
 * accept key for the client's own key) and this hop's `Upgrade` and `Connection`.
 * @param ownExtensions Messages mode: what the gateway itself agreed on with the client, in place of the backend's; may
 *   be empty.
 */
export function switchingHead(head: ResponseHead, ownExtensions?: string): string {
  const kept = endToEndHeaders(head.rawHeaders);
  const passed: string[] = [];
  for (let i = 0; i + 1 < kept.length; i += 2) {
    const name = kept[i]?.toLowerCase();
    if (name === CONTENT_LENGTH || (ownExtensions !== undefined && name === EXTENSIONS)) continue;
    passed.push(kept[i] ?? '', kept[i + 1] ?? '');
  }
  if (ownExtensions !== undefined && ownExtensions !== '') passed.push('Sec-WebSocket-Extensions', ownExtensions);
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${headerLines(passed)}\r\n`;
}
