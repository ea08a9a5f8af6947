/** A client that is driven through the gateway against its real server: a row of the page that lists who was tested. */
export interface Stack {
  /** As its makers write it. */
  readonly name: string;
  /**
   * npm packages under test, client first, by the names they are installed under; their versions stand in this
   * folder's package.json. Empty for what comes from elsewhere: `versions` says then what it is.
   */
  readonly packages: readonly string[];
  /** Versions of what is no npm package, by name. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly transports: readonly string[];
  /** What is done with it, in a reader's words. */
  readonly exercised: string;
  /** How a client comes back to the same of several backends; undefined where any backend will do. */
  readonly sticky?: string;
  /** What it does when its backend is restarted. */
  readonly restart: string;
  /** Test files beside this folder. */
  readonly files: readonly string[];
}

/** Clients in JavaScript. */
export const JAVASCRIPT_STACKS: readonly Stack[] = [
  {
    name: 'ws',
    packages: ['ws'],
    transports: ['WebSocket'],
    exercised: 'text, binary, 3 MB messages, permessage-deflate, subprotocols, ping and pong, close codes, query',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/plain-sockets.test.ts', 'full/plain-sockets.test.ts'],
  },
];
