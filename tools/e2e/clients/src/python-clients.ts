import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { within } from '@ocelot/test-support';

import { Inbox } from './events.ts';
import type { NeededProgram } from './needed-program.ts';
import type { PlainClient, PlainClose, PlainSocket } from './plain-clients.ts';
import { CERTIFICATE_FILE } from './stand.ts';

/** What the scripts in `python/` tell, one a line. */
type Told =
  | { readonly open: { readonly protocol: string; readonly extensions: string } }
  | { readonly text: string }
  | { readonly bytes: string }
  | { readonly closed: PlainClose }
  | { readonly refused: number };

/** A Python process with one client in it. */
export class PythonClient {
  readonly #told = new Inbox<Told>();
  readonly #child;
  readonly #ended: Promise<unknown>;
  #complaints = '';

  /** @param args the address, then what the script takes beside it. */
  constructor(python: NeededProgram, script: string, [url = '', ...args]: readonly string[]) {
    const file = fileURLToPath(new URL(`./python/${script}`, import.meta.url));
    this.#child = spawn(python.path, ['-u', file, url, CERTIFICATE_FILE, ...args], {
      env: { ...python.environment, PYTHONDONTWRITEBYTECODE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    this.#ended.catch((error: unknown) => (this.#complaints += String(error)));
    this.#child.stdin.on('error', () => undefined); // It has left; what it was told is asked for in vain below.
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => void (this.#complaints += text));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#told.add(JSON.parse(line) as Told));
  }

  /** The next thing it tells. @throws Error with its complaints when it tells nothing in time. */
  async next(what: string): Promise<Told> {
    return this.#told.next(what).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#complaints}`, { cause: error });
    });
  }

  order(command: object): void {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** Kills the process, if it has not ended, and waits for its end. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await within(this.#ended, 'the end of the Python process');
  }
}

/** Python's two usual clients, called as those in JavaScript are. */
export function pythonClients(python: NeededProgram): readonly PlainClient[] {
  return [
    { name: 'Python websockets 10.4', lostCode: 1014, open: opener(python, 'websockets_client.py') },
    { name: 'Python websocket-client 1.2', lostCode: 1014, open: opener(python, 'websocket_client_client.py') },
  ];
}

function opener(python: NeededProgram, script: string): PlainClient['open'] {
  return async (url, protocols = []) => {
    const client = new PythonClient(python, script, [url, ...protocols]);
    const first = await client.next(`${script} to open ${url}`).catch(async (error: unknown) => {
      await client.end();
      throw error;
    });
    if (!('open' in first)) {
      await client.end();
      throw new Error(`${script} was not let in: ${JSON.stringify(first)}`);
    }
    return socketOf(client, first.open);
  };
}

function socketOf(client: PythonClient, opened: Pick<PlainSocket, 'protocol' | 'extensions'>): PlainSocket {
  const messages = new Inbox<string | Uint8Array>();
  const closed = (async (): Promise<PlainClose> => {
    try {
      for (;;) {
        const told = await client.next('a message, or the end');
        if ('text' in told) messages.add(told.text);
        else if ('bytes' in told) messages.add(Buffer.from(told.bytes, 'base64'));
        else if ('closed' in told) return told.closed;
        else throw new Error(`did not expect to be told ${JSON.stringify(told)}`);
      }
    } finally {
      await client.end();
    }
  })();
  closed.catch(() => undefined); // For whoever awaits it.
  return {
    ...opened,
    send: (data) =>
      client.order(typeof data === 'string' ? { text: data } : { bytes: Buffer.from(data).toString('base64') }),
    next: (what) => messages.next(what),
    close: (code, reason) => client.order({ close: [code, reason] }),
    closed,
  };
}
