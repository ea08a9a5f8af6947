import { type IncomingMessage, request as httpRequest } from 'node:http';

import { duplexPair } from '@ocelot/test-support';

import { chunksOf, type CutBytes } from './byte-arbitraries.js';

/** What the HTTP client of Node makes of an answer. */
export type NodeAnswer =
  | {
      readonly kind: 'head';
      readonly status: number;
      readonly reason: string;
      readonly httpMinor: number;
      readonly rawHeaders: readonly string[];
      /** Undefined when it broke off, or when the answer is a 101. */
      readonly body: Buffer | undefined;
    }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'incomplete' };

/** Lets Node's own client read an answer to a handshake; the connection ends behind the bytes. */
export function readWithNode(input: CutBytes): Promise<NodeAnswer> {
  const [near, far] = duplexPair(1 << 20);
  far.on('error', () => undefined);
  far.resume();
  return new Promise((resolve) => {
    const settle = (answer: NodeAnswer): void => {
      resolve(answer);
      near.destroy();
      far.destroy();
    };
    const request = httpRequest({
      createConnection: () => near,
      maxHeaderSize: 1 << 21,
      headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
    });
    request.maxHeadersCount = 0;
    let response: IncomingMessage | undefined;
    const parts: Buffer[] = [];
    const settleResponse = (message: IncomingMessage): void =>
      settle(headOf(message, message.complete ? Buffer.concat(parts) : undefined));
    request.on('error', (error: NodeJS.ErrnoException) => {
      // What stands behind a whole answer is no part of it.
      if (response !== undefined) {
        settleResponse(response);
        return;
      }
      const code = error.code ?? '';
      const isCutOff = code === 'ECONNRESET' || code === 'HPE_INVALID_EOF_STATE';
      settle(isCutOff ? { kind: 'incomplete' } : { kind: 'refused', code });
    });
    request.on('response', (message) => {
      response = message;
      message.on('data', (part: Buffer) => parts.push(part));
      message.on('error', () => undefined);
      message.once('close', () => settleResponse(message));
    });
    request.on('upgrade', (message, socket) => {
      socket.on('error', () => undefined);
      settle(headOf(message, undefined));
    });
    // A 101 that does not name an upgrade is one more interim answer for Node.
    request.on('information', (message) => {
      if (message.statusCode !== 101) return;
      const { statusCode: status, statusMessage: reason, httpVersionMinor: httpMinor, rawHeaders } = message;
      settle({ kind: 'head', status, reason, httpMinor, rawHeaders, body: undefined });
    });
    request.end();
    for (const chunk of chunksOf(input)) far.write(chunk);
    far.end();
  });
}

function headOf(message: IncomingMessage, body: Buffer | undefined): NodeAnswer {
  const { statusCode: status = 0, statusMessage: reason = '', httpVersionMinor: httpMinor, rawHeaders } = message;
  return { kind: 'head', status, reason, httpMinor, rawHeaders, body };
}
