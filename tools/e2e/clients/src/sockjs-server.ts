import type { createServer } from 'sockjs';

import { ownCopy } from './own-copy.ts';
import type { Attach } from './real-backend.ts';

/** A number, whatever the types say: it is written into the closing frame as it is. */
const BYE = 4001 as unknown as string;

/** A SockJS server at `/sockjs` that says its name first, then sends back what it gets; `bye` makes it close with 4001. */
export const sockjsServer: Attach = (server, name) => {
  const own = ownCopy('sockjs') as { readonly createServer: typeof createServer };
  const sockjs = own.createServer({ log: () => undefined });
  sockjs.on('connection', (connection) => {
    connection.write(name);
    connection.on('data', (text: string) => {
      if (text === 'bye') connection.close(BYE, 'bye');
      else connection.write(text);
    });
  });
  sockjs.installHandlers(server, { prefix: '/sockjs' });
  return undefined;
};
