import type { HealthCheckOptions } from './health-check-options.js';
import { type CheckTarget, connectedEvent, connectEndpoint } from './connect-endpoint.js';

/**
 * Asks one endpoint once.
 * @param signal Ends the check when its time is up: it then fails.
 * @returns a promise that rejects with the reason when the endpoint is not well.
 */
export type Check = (target: CheckTarget, options: HealthCheckOptions, signal: AbortSignal) => Promise<void>;

/** `Type` `tcp`: connects, with TLS where the backend has it, and hangs up. */
export const tcpCheck: Check = (target, _options, signal) =>
  new Promise((resolve, reject) => {
    const socket = connectEndpoint(target);
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      settle();
    };
    const late = (): void => end(() => reject(new Error('no connection in time')));
    socket.on('error', (error) => end(() => reject(error)));
    // A server that hangs up in the middle of a TLS handshake makes no error of it.
    socket.once('close', () => end(() => reject(new Error('the connection was closed'))));
    socket.once(connectedEvent(target), () => end(resolve));
    signal.addEventListener('abort', late, { once: true });
  });
