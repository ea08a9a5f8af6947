import { WebSocket, type ClientOptions } from 'ws';

/** Longest wait for one message or close. */
const LIMIT_MS = 8000;

/** A client of the `ws` package with promises for what tests wait for. */
export interface Talker {
  readonly socket: WebSocket;
  /** Sends a text and gives the next message. */
  ask(text: string): Promise<string>;
  /** The next message. */
  next(): Promise<string>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Closes with 1000 and waits for the end. */
  close(): Promise<void>;
}

function limited<T>(
  what: string,
  executor: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${what}: nothing within ${LIMIT_MS} ms`)), LIMIT_MS);
    executor(
      (value) => {
        clearTimeout(late);
        resolve(value);
      },
      (error) => {
        clearTimeout(late);
        reject(error);
      },
    );
  });
}

/** How a refused handshake was answered. */
export class Refused extends Error {
  override readonly name: string = 'Refused';
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`the handshake was answered with ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * Opens a WebSocket.
 * @throws Refused when the answer is not a 101.
 */
export async function talk(url: string, options: ClientOptions & { protocols?: string[] } = {}): Promise<Talker> {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url, protocols, rest);
  const inbox: string[] = [];
  const readers: ((text: string) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const reader = readers.shift();
    if (reader === undefined) inbox.push(data.toString());
    else reader(data.toString());
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await limited<void>(`opening ${url}`, (resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => void (body += text));
      response.once('end', () => reject(new Refused(response.statusCode ?? 0, body)));
    });
  });
  const next = (): Promise<string> =>
    limited('a message', (resolve) => {
      const waiting = inbox.shift();
      if (waiting === undefined) readers.push(resolve);
      else resolve(waiting);
    });
  return {
    socket,
    next,
    ask: (text) => {
      socket.send(text);
      return next();
    },
    closed,
    close: async () => {
      socket.close(1000);
      await limited('the close', (resolve) => void closed.then(() => resolve(undefined)));
    },
  };
}
