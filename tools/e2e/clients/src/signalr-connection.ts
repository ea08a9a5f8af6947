/** Ends each message of the protocol (SignalR hub protocol, "JSON encoding"). */
const RECORD_SEPARATOR = '\u001e';

/** Message types of the hub protocol. */
const TYPE = {
  invocation: 1,
  streamItem: 2,
  completion: 3,
  streamInvocation: 4,
  cancelInvocation: 5,
  ping: 6,
  close: 7,
};

/** What carries a connection's text: a WebSocket, an event stream with requests, or polls. */
export interface Carrier {
  write(text: string): void;
  end(): void;
}

/** A message as it is read; fields that its type does not have are missing. */
interface Received {
  readonly type?: number;
  readonly protocol?: string;
  readonly version?: number;
  readonly invocationId?: string;
  readonly target?: string;
  readonly arguments?: readonly unknown[];
  readonly streamIds?: readonly string[];
  readonly item?: unknown;
}

/** A call from a client. */
export interface Invocation {
  readonly target: string;
  readonly values: readonly unknown[];
  /** What the client streams up with the call, when it does: resolves once it said that this was all. */
  readonly upload: Promise<readonly unknown[]> | undefined;
}

/** What a hub does with the calls of one connection. */
export interface Hub {
  /** Answers a call; what it throws goes to the client as the error of the call. */
  invoke(call: Invocation, connection: HubConnection): unknown;
  /** Answers a call that wants a stream. */
  stream(call: Invocation): AsyncIterable<unknown>;
  left(connection: HubConnection): void;
}

/** The server's side of one SignalR connection: handshake, JSON hub protocol, pings. */
export class HubConnection {
  readonly #carrier: Carrier;
  readonly #hub: Hub;
  readonly #keepAliveMs: number;
  readonly #uploads = new Map<string, { readonly items: unknown[]; done(): void }>();
  readonly #cancelled = new Set<string>();
  #greeted = false;
  #pinging: NodeJS.Timeout | undefined;
  #ended = false;
  #rest = '';
  #pings = 0;
  #pinged: { readonly count: number; done(): void } | undefined;

  constructor(carrier: Carrier, hub: Hub, keepAliveMs: number) {
    this.#carrier = carrier;
    this.#hub = hub;
    this.#keepAliveMs = keepAliveMs;
  }

  /** Text that came from the client, in pieces of any size. */
  read(text: string): void {
    if (this.#ended) return;
    const records = (this.#rest + text).split(RECORD_SEPARATOR);
    this.#rest = records.pop() ?? '';
    for (const record of records) this.#message(JSON.parse(record) as Received);
  }

  /** Calls a method of the client; one that has not shaken hands yet is left out. */
  call(target: string, ...values: readonly unknown[]): void {
    if (this.#greeted) this.#send({ type: TYPE.invocation, target, arguments: values });
  }

  /** Resolves once `count` pings came from the client; the last caller is told. */
  pinged(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#pinged = { count, done: resolve };
    });
  }

  /** Ends the connection as a server that goes away does; the client may connect again by itself. */
  close(): void {
    this.#send({ type: TYPE.close, allowReconnect: true });
    this.#carrier.end();
  }

  /** The carrier is gone. Idempotent. */
  gone(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#pinging);
    this.#hub.left(this);
  }

  #message(message: Received): void {
    if (!this.#greeted) {
      this.#greeted = true;
      const known = message.protocol === 'json' && message.version === 1;
      this.#send(known ? {} : { error: `The protocol ${message.protocol} is not spoken here.` });
      this.#pinging = setInterval(() => this.#send({ type: TYPE.ping }), this.#keepAliveMs);
      return;
    }
    const id = message.invocationId ?? '';
    if (message.type === TYPE.ping) {
      this.#pings += 1;
      if (this.#pings === this.#pinged?.count) this.#pinged.done();
    }
    if (message.type === TYPE.invocation) void this.#answer(id, this.#invocation(message));
    if (message.type === TYPE.streamInvocation) void this.#stream(id, this.#invocation(message));
    if (message.type === TYPE.cancelInvocation) this.#cancelled.add(id);
    if (message.type === TYPE.streamItem) this.#uploads.get(id)?.items.push(message.item);
    if (message.type === TYPE.completion) this.#uploads.get(id)?.done();
  }

  #invocation({ target = '', arguments: values = [], streamIds: [uploadId] = [] }: Received): Invocation {
    if (uploadId === undefined) return { target, values, upload: undefined };
    const items: unknown[] = [];
    const upload = new Promise<readonly unknown[]>((resolve) => {
      this.#uploads.set(uploadId, { items, done: () => resolve(items) });
    });
    return { target, values, upload };
  }

  async #answer(invocationId: string, call: Invocation): Promise<void> {
    let outcome: object;
    try {
      outcome = { result: (await this.#hub.invoke(call, this)) ?? null };
    } catch (error) {
      outcome = { error: String(error) };
    }
    if (invocationId !== '') this.#send({ type: TYPE.completion, invocationId, ...outcome });
  }

  async #stream(invocationId: string, call: Invocation): Promise<void> {
    let outcome: object = {};
    try {
      for await (const item of this.#hub.stream(call)) {
        if (this.#ended || this.#cancelled.delete(invocationId)) break;
        this.#send({ type: TYPE.streamItem, invocationId, item });
      }
    } catch (error) {
      outcome = { error: String(error) };
    }
    this.#send({ type: TYPE.completion, invocationId, ...outcome });
  }

  #send(message: object): void {
    if (!this.#ended) this.#carrier.write(JSON.stringify(message) + RECORD_SEPARATOR);
  }
}
