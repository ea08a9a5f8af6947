import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

import { answerBadRequest, refuseConnect } from '../bad-request.js';
import { afterAnswers, owedAnswer } from './pending-answer.js';

/** Answers what is no HTTP or takes too long, and `CONNECT`, which is for forward proxies. */
export function answerFaults(server: Server): void {
  const waiting = new WeakSet<Duplex>();
  server.on('clientError', (error: Error, socket: Duplex) => {
    // What follows a fault is a fault again.
    if (waiting.has(socket)) return;
    const owed = owedAnswer(socket);
    if (owed === undefined || socket.destroyed) answerBadRequest(error, socket);
    else if (owed.req.complete) {
      waiting.add(socket);
      afterAnswers(socket, () => {
        waiting.delete(socket);
        answerBadRequest(error, socket);
      });
    }
    // The fault lies in a body whose request waits for it. A status can be said as long as none was.
    else if (owed.headersSent || owed.socket === null) socket.destroy();
    else answerBadRequest(error, socket);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    afterAnswers(socket, () => refuseConnect(socket)),
  );
}
