import { type IncomingMessage, type Server, createServer } from 'node:http';
import { type AddressInfo, type Server as NetServer, type Socket, createServer as createNetServer } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Gateway } from '@ocelot/core';
import { shouldUpgrade } from '@ocelot/ws-relay';

import { answerBadRequest, refuseConnect, refuseHeaderFlood } from './bad-request.js';
import { CommandError } from './command-error.js';
import { ConnectionGate } from './connection-gate.js';
import { EXIT_CODES } from './exit-codes.js';
import { plainHttp } from './plain-http.js';

/** Small headers cost several times their bytes in memory, so their number is limited too; more get 431. */
const MAX_HEADER_COUNT = 1_000;
/** For a whole plain request, head and body; answered with 408. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for connections that are over these times. */
const CHECK_INTERVAL_MS = 1_000;
const KEEP_ALIVE_MS = 5_000;

/** Where to listen, and what clients may take. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Shares the port with other sockets that do, each getting a part of the connections; where the system can. */
  readonly reusePort?: boolean;
  /** @default 1 s */
  readonly checkIntervalMs?: number;
}

/** An open port. */
export interface Listener {
  /** `http://H:P`, with the port that was given out. */
  readonly url: string;
  /** Stops accepting and closes connections without a request. Open sockets stay. Idempotent. */
  stop(): void;
  /** Cuts whatever is still connected. Idempotent. */
  destroy(): void;
}

type OpenOptions = Pick<ListenOptions, 'host' | 'port' | 'reusePort'> & {
  /** In a worker process: opens the port here and not in the primary. */
  readonly exclusive?: boolean;
};
type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
type RequestListener = Parameters<typeof createServer>[1] & object;

/**
 * Opens the port and connects it with the relays of the gateway. Every socket has an error listener before anything
 * else sees it.
 * @throws CommandError with exit code 3 when the port is taken or not allowed, 2 when the host is none of this machine.
 */
export async function listen(gateway: Gateway, options: ListenOptions): Promise<Listener> {
  const { log } = gateway;
  const gate = new ConnectionGate(gateway);
  const server = createServer({
    maxHeaderSize: gateway.settings.listener.maxHeaderBytes,
    connectionsCheckingInterval: options.checkIntervalMs ?? CHECK_INTERVAL_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
    ...onlyWebSockets,
  });
  // Node drops what is beyond its own limit silently. One more is kept than allowed, so that it can be seen.
  server.maxHeadersCount = MAX_HEADER_COUNT + 1;
  server.on('connection', (socket: Socket) => {
    socket.on('error', (error) => log.debug({ err: error, peer: socket.remoteAddress }, 'client socket failed'));
    // Read each time: a reload changes what holds from then on.
    const { headersTimeoutMs } = gateway.settings.listener;
    server.headersTimeout = headersTimeoutMs;
    server.requestTimeout = Math.max(REQUEST_TIMEOUT_MS, headersTimeoutMs);
    gate.enter(socket);
  });
  server.on('clientError', (error: Error, socket: Duplex) => {
    if (!gate.isRefused(socket)) answerBadRequest(error, socket);
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuseConnect(socket));
  connectRelays(server, gateway, gate);
  await open(server, options);
  server.on('error', (error) => gateway.log.error({ err: error }, 'the listening socket failed'));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    stop() {
      if (server.listening) server.close();
      server.closeIdleConnections();
    },
    destroy() {
      gate.destroy();
    },
  };
}

/**
 * Finds out whether a port is free before several processes share it (two gateways of one user would share it as
 * well), and which one is given out for 0.
 * @throws CommandError as `listen` does.
 */
export async function probePort(host: string, port: number): Promise<number> {
  const probe = createNetServer((socket) => socket.on('error', () => undefined).destroy());
  await open(probe, { host, port, exclusive: true });
  const given = (probe.address() as AddressInfo).port;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return given;
}

/** Where Node knows it: other upgrades (`h2c`) are then served as the plain requests they also are. */
const onlyWebSockets: object = { shouldUpgradeCallback: shouldUpgrade };

function connectRelays(server: Server, gateway: Gateway, gate: ConnectionGate): void {
  const upgrades: UpgradeListener[] = [];
  const requests: RequestListener[] = [];
  for (const relay of gateway.relays) {
    const listener: unknown = relay.listener(gateway);
    if (relay.kind === 'upgrade') upgrades.push(listener as UpgradeListener);
    else requests.push(listener as RequestListener);
  }
  if (requests.length === 0) requests.push(plainHttp(gateway));
  server.on('request', (request, response) => {
    // Its answer was written when it connected.
    if (gate.isRefused(request.socket)) return;
    if (hasTooManyHeaders(request)) refuseHeaderFlood(request.socket);
    else for (const listener of requests) listener(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (gate.isRefused(socket)) socket.resume();
    else if (hasTooManyHeaders(request)) refuseHeaderFlood(socket);
    else for (const listener of upgrades) listener(request, socket, head);
  });
}

function hasTooManyHeaders({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.length / 2 > MAX_HEADER_COUNT;
}

async function open(server: NetServer, options: OpenOptions): Promise<void> {
  const { host, port, reusePort, exclusive = false } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port, exclusive, ...(reusePort === true && { reusePort }) }, resolve);
  });
  server.removeAllListeners('error');
}

/** What a failure to listen means for the person at the terminal. */
const FAILURES: Readonly<Record<string, (host: string, port: number) => ConstructorParameters<typeof CommandError>>> = {
  EADDRINUSE: (host, port) => [
    `Port ${port} on ${host} is taken by another process.`,
    'Choose another one with --port, or end that process.',
    EXIT_CODES.port,
  ],
  EACCES: (host, port) => [
    `This user may not listen on ${host}:${port}.`,
    'Ports below 1024 need a privilege; choose a higher one with --port.',
    EXIT_CODES.port,
  ],
  EADDRNOTAVAIL: notOurs,
  // A link-local address without its zone (fe80::1%eth0).
  EINVAL: notOurs,
  ENOTFOUND: notOurs,
  EAI_AGAIN: notOurs,
};

function notOurs(host: string): ConstructorParameters<typeof CommandError> {
  return [
    `${host} is no address of this machine.`,
    'Give --host an address of an own interface, such as 127.0.0.1 or 0.0.0.0.',
    EXIT_CODES.invalid,
  ];
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): CommandError {
  const failure = FAILURES[error.code ?? ''];
  if (failure !== undefined) return new CommandError(...failure(host, port));
  return new CommandError(`Cannot listen on ${host}:${port}: ${error.message}.`, undefined, EXIT_CODES.failure, error);
}
