import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

import { answerBadRequest, endAnswered, refuseConnect } from '../bad-request.js';
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
    // The fault lies in the body of a request that is being answered.
    else if (owed.socket === null) socket.destroy();
    // An answer that was whole stays so, one that was not lacks its end: only chunks can have faults, and who sends
    // them gets length or chunks in return.
    else if (owed.headersSent) endAnswered(socket);
    else answerBadRequest(error, socket);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    afterAnswers(socket, () => refuseConnect(socket)),
  );
}
