import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';

import type { ControlAnswer, Logger } from '@ocelot/core';

import { openPort } from '../front/open-port.js';
import { type AdminSettings } from './admin-settings.js';
import { type ControlAccess, controlAccess } from './control-access.js';
import { jsonAnswer, problem } from './control-answers.js';
import type { ControlCall, ControlDesk, ControlQuestion } from './control-desk.js';
import { findCall } from './find-call.js';
import { readBody } from './read-body.js';

/** What calls may carry: `ControlRequest.body`. */
const MOST_BODY_BYTES = 1_048_576;
/** Whoever runs a gateway, its probes and its scrapers together. */
const MOST_CONNECTIONS = 128;
/** Longest time in which nothing moves: an answer that nobody reads, too. Calls themselves take six seconds at most. */
const IDLE_LIMIT_MS = 30_000;
/** How long calls that run may take once the address is closed. */
const CLOSE_LIMIT_MS = 1_000;

/** What the gateway is doing, for probes. */
export type Readiness = 'starting' | 'ready' | 'draining';

/** Where a server looks up what to answer; the same for the one that takes its place. */
export interface ControlState {
  readonly readiness: Readiness;
  /** Undefined until the gateway has started. */
  readonly desk: ControlDesk | undefined;
}

const BUILT_IN: readonly ControlCall[] = [
  { method: 'GET', path: '/', description: 'This list.' },
  { method: 'GET', path: '/health', description: 'Whether the process answers: always 200.' },
  {
    method: 'GET',
    path: '/ready',
    description: 'Whether it takes new clients: 503 before the start is over and while it drains.',
  },
];

/** The open control address: an HTTP server of its own, far from that of clients. */
export class ControlServer {
  /** `http://H:P`, or `unix:/PATH` */
  readonly url: string;
  readonly #server: Server;
  readonly #state: ControlState;
  readonly #log: Logger;
  #access: ControlAccess;

  private constructor(server: Server, url: string, settings: AdminSettings, state: ControlState, log: Logger) {
    this.#server = server;
    this.url = url;
    this.#state = state;
    this.#log = log;
    this.#access = controlAccess(settings);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
    server.on('error', (error) => log.error({ err: error }, 'the control address failed'));
  }

  /**
   * @param idleMs longest time in which nothing moves; a parameter for tests.
   * @throws CommandError with exit code 3 when the port is taken or not allowed, 2 when the host is none of here.
   */
  static async open(
    settings: AdminSettings,
    state: ControlState,
    log: Logger,
    idleMs: number = IDLE_LIMIT_MS,
  ): Promise<ControlServer> {
    const server = createServer({
      maxHeaderSize: 16_384,
      headersTimeout: 5_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 5_000,
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.setTimeout(idleMs);
    const { host } = settings;
    // In the primary process of several too: nobody shares this port.
    const port = await openPort(server, {
      host,
      port: settings.port,
      exclusive: true,
      socketMode: 0o600,
      named: { host: 'Gateway.Admin.Host', port: 'Gateway.Admin.Port' },
    });
    const url = host.startsWith('unix:') ? host : `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    return new ControlServer(server, url, settings, state, log);
  }

  /** Another token, at the same address. */
  follow(settings: AdminSettings): void {
    this.#access = controlAccess(settings);
  }

  /** Takes no more calls, and ends those that run after a moment. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeIdleConnections();
    const timer = setTimeout(() => this.#server.closeAllConnections(), CLOSE_LIMIT_MS);
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', (error) => this.#log.debug({ err: error }, 'the answer of a control call was not read'));
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (request.destroyed) return; // Who asked has left.
      this.#log.error({ err: error, method: request.method }, 'a control call could not be answered');
      if (response.headersSent) response.destroy();
      else send(response, problem(500, 'CALL_FAILED', 'The call failed; the log of the gateway says why.'));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const at = url.indexOf('?');
    const path = at === -1 ? url : url.slice(0, at);
    const refusal = this.#access.refusal(path, headers);
    if (refusal !== undefined) {
      if (refusal.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      refuse(response, refusal);
      return;
    }
    const found = findCall([...BUILT_IN, ...(this.#state.desk?.calls ?? [])], method, path);
    if (found.kind === 'unknown') {
      refuse(response, problem(404, 'NOT_FOUND', 'There is no such call here. GET / lists what there is.'));
      return;
    }
    if (found.kind === 'other-method') {
      const allow = found.methods.join(', ');
      response.setHeader('Allow', allow);
      refuse(response, problem(405, 'METHOD_NOT_ALLOWED', `This call is made by ${allow}.`));
      return;
    }
    const builtIn = this.#builtIn(found.call);
    if (builtIn !== undefined) {
      refuse(response, builtIn);
      return;
    }
    const body = await readBody(request, MOST_BODY_BYTES);
    if (body === undefined) {
      refuse(response, problem(413, 'BODY_TOO_BIG', `The body of a call has at most ${MOST_BODY_BYTES} bytes.`));
      return;
    }
    await this.#ask(response, {
      method: found.call.method,
      template: found.call.path,
      path,
      params: found.params,
      query: at === -1 ? '' : url.slice(at + 1),
      headers: plain(headers),
      body,
    });
  }

  #builtIn(call: ControlCall): ControlAnswer | undefined {
    switch (BUILT_IN.indexOf(call)) {
      case 0:
        return jsonAnswer(200, { calls: [...BUILT_IN, ...(this.#state.desk?.calls ?? [])] });
      case 1:
        return jsonAnswer(200, { status: 'live' });
      case 2:
        return readyAnswer(this.#state);
      default:
        return undefined;
    }
  }

  async #ask(response: ServerResponse, question: ControlQuestion): Promise<void> {
    const outcome = await this.#state.desk?.ask(question);
    if (outcome === undefined) {
      send(response, problem(503, 'STARTING', 'The gateway has not started yet.'));
      return;
    }
    if (outcome.missing.length > 0) response.setHeader('Ocelot-Missing-Workers', outcome.missing.join(', '));
    send(response, outcome.answer);
  }
}

/** What a probe is told; a gateway without a worker serves nobody. */
function readyAnswer({ readiness, desk }: ControlState): ControlAnswer {
  const status = readiness === 'ready' && desk?.isServing !== true ? 'no worker' : readiness;
  return jsonAnswer(status === 'ready' ? 200 : 503, { status });
}

/** Answers without having read the body: the connection cannot be used any more when there is one. */
function refuse(response: ServerResponse, answer: ControlAnswer): void {
  const { headers } = response.req;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
    response.setHeader('Connection', 'close');
    response.req.resume();
  }
  send(response, answer);
}

function send(response: ServerResponse, { status, contentType, body }: ControlAnswer): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

/** What plugins may see: not the token of the address. */
function plain(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || name === 'authorization' ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
