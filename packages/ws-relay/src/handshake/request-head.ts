import type { Admission, Endpoint, UpgradeRequest } from '@ocelot/core';

import { headerLines, hostHeader } from '@ocelot/relay-kit';

/** Headers that the gateway writes itself, or that an upgrade cannot have. */
const OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'sec-websocket-accept',
  'sec-websocket-key',
  'sec-websocket-version',
  'transfer-encoding',
  'upgrade',
]);

const EXTENSIONS = 'sec-websocket-extensions';

/**
 * Writes the handshake for a backend: path, query and headers as core prepared them, then what belongs to this hop.
 * The client's key goes through, so the backend's accept key answers it; it is checked all the same.
 * `Sec-WebSocket-Protocol` and `Sec-WebSocket-Extensions` stand among core's headers, where a stage may change them.
 * @param ownOffer Messages mode: the extensions that the gateway itself offers, in place of the client's; may be empty.
 */
export function requestHead(
  admission: Admission<UpgradeRequest>,
  endpoint: Endpoint,
  tls: boolean,
  ownOffer?: string,
): string {
  const { outgoing, request } = admission;
  const passed: string[] = [];
  const { raw } = outgoing.headers;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const folded = name.toLowerCase();
    if (OWN.has(folded) || (ownOffer !== undefined && folded === EXTENSIONS)) continue;
    passed.push(name, raw[i + 1] ?? '');
  }
  if (ownOffer !== undefined && ownOffer !== '') passed.push('Sec-WebSocket-Extensions', ownOffer);
  return [
    `GET ${outgoing.path}${outgoing.query} HTTP/1.1\r\n`,
    `Host: ${hostHeader(endpoint, tls)}\r\n`,
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${request.key}\r\n`,
    headerLines(passed),
    '\r\n',
  ].join('');
}
