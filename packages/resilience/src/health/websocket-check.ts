import type { WebSocket } from 'ws';

import { checkHeaders } from './check-headers.js';
import { type CheckTarget, connectEndpoint } from './connect-endpoint.js';
import type { HealthCheckOptions } from './health-check-options.js';
import type { Check } from './tcp-check.js';

/** Nobody listens to what a backend says in a check; more than this ends it. */
const MOST_BYTES = 1_048_576;

/**
 * `Type` `websocket`: a real handshake (RFC 6455 §4.1), a ping and its pong (§5.5.2), then Close 1000. Loads `ws` with
 * the first check.
 */
export const websocketCheck: Check = async (target, options, signal) => {
  const { WebSocket: Socket } = await import('ws');
  await converse(Socket, target, options, signal);
};

function converse(
  Socket: typeof WebSocket,
  target: CheckTarget,
  options: HealthCheckOptions,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Error('no handshake in time'));
      return;
    }
    // The address is in the connection; the URL carries the path, and TLS is below it.
    const socket = new Socket(
      `ws://health-check${options.path}`,
      options.subprotocol === '' ? [] : [options.subprotocol],
      {
        createConnection: () => connectEndpoint(target),
        headers: checkHeaders(target, options),
        perMessageDeflate: false,
        followRedirects: false,
        maxPayload: MOST_BYTES,
      },
    );
    let waitsFor = 'handshake';
    let isWell = false;
    /** The first one tells what happened; what follows comes of it. */
    let failure: Error | undefined;
    const late = (): void => {
      failure ??= new Error(`no ${waitsFor} in time`);
      socket.terminate();
    };
    socket.on('error', (error) => (failure ??= error));
    socket.once('open', () => {
      waitsFor = 'pong';
      socket.ping();
    });
    socket.once('pong', () => {
      isWell = true;
      socket.close(1000);
    });
    socket.once('close', () => {
      signal.removeEventListener('abort', late);
      if (isWell) resolve();
      else reject(failure ?? new Error('the connection was closed before the pong'));
    });
    signal.addEventListener('abort', late, { once: true });
  });
}
