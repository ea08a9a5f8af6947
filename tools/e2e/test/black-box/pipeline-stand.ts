import { type IncomingHttpHeaders, request } from 'node:http';

import {
  closeFrame,
  eventually,
  type Http2Client,
  OPCODE,
  type RawConnection,
  readClose,
  upgradeHead,
} from '@ocelot/test-support';
import { afterAll, beforeAll } from 'vitest';

import { answerOf, H2Stand } from './h2-stand.js';
import { type Witness, witness } from './pipeline-witness.js';

/** How a client comes: what a route does holds for each of them. */
export const WAYS = ['GET over HTTP/1.1', 'upgrade over HTTP/1.1', 'GET over HTTP/2', 'CONNECT over HTTP/2'] as const;
export type Way = (typeof WAYS)[number];

/** The ways to a WebSocket. */
export const SOCKET_WAYS = ['upgrade over HTTP/1.1', 'CONNECT over HTTP/2'] as const;
export type SocketWay = (typeof SOCKET_WAYS)[number];
/** The ways of plain requests. */
export const REQUEST_WAYS = ['GET over HTTP/1.1', 'GET over HTTP/2'] as const;

/** Header lines of a client. */
export type Lines = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What became of a client. */
export interface Reached {
  /** Its `X-Request-Id`. */
  readonly id: string;
  /** 101 for a WebSocket over HTTP/2 too, where the wire says 200 (RFC 8441 §5). */
  readonly status: number;
  get(name: string): string | undefined;
  all(name: string): readonly string[];
  readonly body: string;
  /** Its connection; of a plain request over HTTP/2 there is none of its own. */
  readonly connection: RawConnection | undefined;
}

/** A WebSocket that is open. */
export interface Opened extends Reached {
  readonly connection: RawConnection;
  /** Sends a text. */
  say(text: string): void;
  /** The text of the next message. */
  hear(): Promise<string>;
  /** Waits for the Close frame of the gateway, whatever messages come before it. */
  close(): Promise<{ readonly code: number | undefined; readonly reason: string }>;
}

/** What the last log line of a client says. */
const ENDS =
  /^(?:upgrade|request) refused|^session closed|^backend refused the upgrade|^request (?:finished|broke off)/;

/** A line of the gateway's log. */
export type LogLine = Record<string, unknown>;

/** A gateway with TLS and HTTP/2, a control address, and a {@link Witness} behind it. */
export class PipelineStand extends H2Stand {
  #witness: Witness | undefined;
  #client: Http2Client | undefined;
  #ids = 0;

  get witness(): Witness {
    if (this.#witness === undefined) throw new Error('the witness was not started');
    return this.#witness;
  }

  override async start(
    configure: (port: number) => object | Promise<object>,
    args: readonly string[] = [],
  ): Promise<void> {
    this.#witness = await witness();
    const { port } = this.#witness;
    await super.start(() => configure(port), args);
  }

  override async finish(): Promise<void> {
    await this.#witness?.close();
    await super.finish();
  }

  /** Comes to the gateway one way, with an id of its own, and waits for the answer. */
  async reach(way: Way, path: string, headers: Lines = {}, method = 'GET'): Promise<Reached> {
    const id = this.id();
    const lines: Lines = { 'X-Request-Id': id, ...headers };
    if (way === 'CONNECT over HTTP/2') return this.#connect(id, path, lines);
    if (way === 'GET over HTTP/2') return this.#getOver2(id, path, lines, method);
    const client = await this.connect();
    const isUpgrade = way === 'upgrade over HTTP/1.1';
    const plain = {
      Connection: undefined,
      Upgrade: undefined,
      'Sec-WebSocket-Key': undefined,
      'Sec-WebSocket-Version': undefined,
    };
    client.send(upgradeHead({ method, target: path, headers: { ...(isUpgrade ? {} : plain), ...lines } }));
    const head = await client.readHead();
    const isOpen = head.status === 101;
    const body = isOpen ? '' : (await client.readBody(head)).toString();
    if (!isOpen) client.destroy();
    return { ...head, id, body, connection: client };
  }

  /** Comes one way and must get in. */
  async enter(way: SocketWay, path: string, headers: Lines = {}): Promise<Opened> {
    return opened(await this.reach(way, path, headers));
  }

  /** An id that no other request has. */
  id(): string {
    this.#ids += 1;
    return `request-${this.#ids}`;
  }

  /** Lets a client go. @returns the line that tells how it ended, with its id as the log knows it. */
  leave({ connection, id }: Reached, known: string = id): Promise<LogLine> {
    connection?.destroy();
    return this.line(known);
  }

  /** The line that tells how a request or a socket ended, or why neither came to be. */
  line(id: string): Promise<LogLine> {
    const ends = (line: LogLine): boolean => line['requestId'] === id && ENDS.test(String(line['msg']));
    return eventually(() => this.gateway.logs().find(ends), `the log tells how ${id} ended`);
  }

  /** Calls the control address. */
  async control(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { url } = await this.gateway.log(({ msg }) => msg === 'control address open');
    return new Promise((resolve, reject) => {
      const call = request(`${String(url)}${path}`, { method, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async #over2(): Promise<Http2Client> {
    this.#client ??= await this.session();
    return this.#client;
  }

  async #connect(id: string, path: string, lines: Lines): Promise<Reached> {
    const socket = (await this.#over2()).open({ path, headers: { ':scheme': 'https', ...lowered(lines) } });
    const answer = await socket.answer;
    const status = await socket.status();
    const body = status === 200 ? '' : (await socket.readToEnd()).toString();
    return { id, status: status === 200 ? 101 : status, ...reader(answer), body, connection: socket };
  }

  async #getOver2(id: string, path: string, lines: Lines, method: string): Promise<Reached> {
    const { session } = await this.#over2();
    const pseudo = { ':method': method, ':path': path, ':authority': 'gateway.test' };
    const stream = session.request({ ...pseudo, ...lowered(lines) }, { endStream: true });
    const { status, headers, body } = await answerOf(stream);
    return { id, status, ...reader(headers), body, connection: undefined };
  }
}

/**
 * One gateway for the tests of a file, started before the first and examined after the last.
 * @param env more of its environment
 */
export function pipelineStand(
  configure: (port: number) => object | Promise<object>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): PipelineStand {
  const subject = new PipelineStand();
  subject.env = env;
  beforeAll(() => subject.start(configure, args));
  afterAll(() => subject.finish());
  return subject;
}

function opened(reached: Reached): Opened {
  const { connection } = reached;
  if (connection === undefined || reached.status !== 101) {
    throw new Error(`the handshake was answered with ${reached.status}: ${reached.body}`);
  }
  return {
    ...reached,
    connection,
    say: (text) => void connection.sendFrame({ opcode: OPCODE.text, payload: text, mask: true }),
    hear: async () => (await connection.readFrame()).payload.toString(),
    async close() {
      for (;;) {
        const frame = await connection.readFrame();
        if (frame.opcode !== OPCODE.close) continue;
        connection.send(closeFrame(undefined, '', true));
        return readClose(frame);
      }
    },
  };
}

function lowered(lines: Lines): Lines {
  return Object.fromEntries(Object.entries(lines).map(([name, value]) => [name.toLowerCase(), value]));
}

function reader(headers: IncomingHttpHeaders): Pick<Reached, 'get' | 'all'> {
  const all = (name: string): readonly string[] => [headers[name.toLowerCase()] ?? []].flat();
  return { get: (name) => all(name)[0], all };
}
