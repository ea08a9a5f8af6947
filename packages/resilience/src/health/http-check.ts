import { request } from 'node:http';

import { checkHeaders } from './check-headers.js';
import { connectEndpoint } from './connect-endpoint.js';
import { isExpected } from './health-check-options.js';
import type { Check } from './tcp-check.js';

/** `Type` `http`: a GET on a connection of its own; the head of the answer decides, its body is not read. */
export const httpCheck: Check = (target, options, signal) =>
  new Promise((resolve, reject) => {
    const asked = request({
      path: options.path,
      headers: { ...checkHeaders(target, options), Connection: 'close' },
      createConnection: () => connectEndpoint(target),
    });
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', late);
      asked.destroy();
      settle();
    };
    const late = (): void => end(() => reject(new Error('no answer in time')));
    asked.on('error', (error) => end(() => reject(error)));
    asked.once('close', () => end(() => reject(new Error('the connection was closed before an answer'))));
    asked.once('upgrade', (_answer, socket) => {
      socket.destroy();
      end(() => reject(new Error('the backend switched protocols unasked')));
    });
    asked.once('response', (answer) => {
      answer.on('error', () => undefined); // Its body is cut on purpose.
      const status = answer.statusCode ?? 0;
      const isWell = isExpected(status, options.expectedStatus);
      end(() => (isWell ? resolve() : reject(new Error(`it answered ${status}`))));
    });
    signal.addEventListener('abort', late, { once: true });
    asked.end();
  });
