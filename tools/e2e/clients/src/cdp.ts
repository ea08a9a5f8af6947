import { within } from '@ocelot/test-support';
import { WebSocket } from 'ws';

import { nextEvent } from './events.ts';

/** Longest wait for an answer of the browser; a page's own promise may be part of it. */
const ANSWER_MS = 20_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Incoming {
  readonly id?: number;
  readonly method?: string;
  readonly params?: object;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A connection to a browser, in the Chrome DevTools Protocol. */
export class Cdp {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(method: string, params: object) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Incoming));
    socket.on('error', () => undefined); // Ends in `close`.
    socket.once('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser is gone'));
      this.#waiting.clear();
    });
  }

  static async connect(url: string): Promise<Cdp> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await nextEvent(socket, 'open', 'the browser to be connected');
    return new Cdp(socket);
  }

  /** Calls a method; `sessionId` names the page. @throws Error with what the browser objects to. */
  async call<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return (await within(answer, `the answer to ${method}`, ANSWER_MS)) as T;
  }

  /** The parameters of the next event of that name. */
  next<T extends object>(wanted: string): Promise<T> {
    const happened = new Promise<T>((resolve) => {
      const listen = (method: string, params: object): void => {
        if (method !== wanted) return;
        this.#listeners.delete(listen);
        resolve(params as T);
      };
      this.#listeners.add(listen);
    });
    return within(happened, wanted, ANSWER_MS);
  }

  close(): void {
    this.#socket.close();
  }

  #receive({ id, method, params, result, error }: Incoming): void {
    if (id === undefined) {
      for (const listen of this.#listeners) listen(method ?? '', params ?? {});
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }
}
