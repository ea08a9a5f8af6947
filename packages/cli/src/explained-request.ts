import { type GatewayRequest, createGatewayRequest, createUpgradeRequest, isGatewayError } from '@ocelot/core';

import { CommandError } from './command-error.js';

/** What `ocelot explain` is asked about. */
export interface ExplainedRequest {
  readonly method: string;
  /** A path, or an address with scheme and host. */
  readonly url: string;
  /** `Name: value` each. */
  readonly header?: readonly string[];
  readonly websocket?: boolean;
}

/** The sample key of RFC 6455 §1.3. */
const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * Makes the request that a client would send from this machine. The path stays as written, as on the wire.
 * @throws CommandError when a header or the URL is none.
 */
export function explainedRequest({ method, url, header = [], websocket }: ExplainedRequest): GatewayRequest {
  const address = /^(wss?|https?):\/\/([^/?#]+)([^#]*)/i.exec(url);
  const [, scheme = '', authority = 'localhost'] = address ?? [];
  const rest = address === null ? url.replace(/#.*$/s, '') : (address[3] ?? '');
  if (address === null && !rest.startsWith('/'))
    throw new CommandError(`"${url}" is neither a path nor an address.`, 'Write /chat/42, or ws://host/chat/42.');
  const isUpgrade = websocket === true || /^ws/i.test(scheme);
  const given = header.flatMap(parseHeader);
  const hasHost = given.some((text, index) => index % 2 === 0 && text.toLowerCase() === 'host');
  const rawHeaders = [...(hasHost ? [] : ['Host', authority]), ...(isUpgrade ? UPGRADE_HEADERS : []), ...given];
  try {
    const request = createGatewayRequest({
      kind: isUpgrade ? 'upgrade' : 'http',
      method: method.toUpperCase(),
      target: rest.startsWith('/') ? rest : `/${rest}`,
      rawHeaders,
      client: { address: '127.0.0.1', port: 0, tls: /^(?:wss|https)$/i.test(scheme) },
    });
    if (!isUpgrade) return request;
    const protocols = (request.header('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
    return createUpgradeRequest(request, {
      key: SAMPLE_KEY,
      protocols: protocols.filter((name) => name !== ''),
      extensions: request.header('sec-websocket-extensions'),
    });
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    throw new CommandError(`The gateway answers such a request with ${error.status}: ${error.message}`);
  }
}

const UPGRADE_HEADERS = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', SAMPLE_KEY],
].flat();

function parseHeader(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new CommandError(`--header "${text}" is no header.`, "Write it as 'Name: value'.");
  return [name, value];
}
