import { type AddressInfo, type Server, createServer } from 'node:net';

import { CommandError } from '../command-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { openSocketFile, unixSocketOf } from './unix-socket-file.js';

/** Where a server listens. */
export interface PortOptions {
  /** An address, a name, or a Unix-domain socket: `unix:/run/ocelot.sock`. */
  readonly host: string;
  /** 0: any free port. Means nothing for a Unix-domain socket. */
  readonly port: number;
  /** Shares the port with other sockets that do, each getting a part of the connections; where the system can. */
  readonly reusePort?: boolean;
  /** In a worker process: opens the port here and not in the primary. */
  readonly exclusive?: boolean;
  /** Permissions of a Unix-domain socket. @default what the umask says */
  readonly socketMode?: number | undefined;
  /** What a person chooses another one with; the flags of `ocelot run` when left out. */
  readonly named?: Named;
}

/** Where host and port come from. */
interface Named {
  readonly host: string;
  readonly port: string;
}

/**
 * Has `server` listen.
 * @returns the port that was given out; 0 for a Unix-domain socket.
 * @throws CommandError with exit code 3 when the port is taken or not allowed, 2 when the host is none of this machine.
 */
export async function openPort(server: Server, options: PortOptions): Promise<number> {
  const { host, port, reusePort, exclusive = false, socketMode, named = FLAGS } = options;
  const path = unixSocketOf(host);
  if (path !== undefined) {
    await openSocketFile(server, path, socketMode);
    return 0;
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, { host, port, named })));
    server.listen({ host, port, exclusive, ...(reusePort === true && { reusePort }) }, resolve);
  });
  server.removeAllListeners('error');
  return (server.address() as AddressInfo).port;
}

/**
 * Finds out whether a port is free before several processes share it (two gateways of one user would share it as
 * well), and which one is given out for 0.
 * @throws CommandError as `openPort` does.
 */
export async function probePort(host: string, port: number): Promise<number> {
  const probe = createServer((socket) => socket.on('error', () => undefined).destroy());
  const given = await openPort(probe, { host, port, exclusive: true });
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return given;
}

/** How the gateway's own address is chosen. */
const FLAGS: Named = { host: '--host', port: '--port' };

interface Place {
  readonly host: string;
  readonly port: number;
  readonly named: Named;
}

/** What a failure to listen means for the person at the terminal. */
const FAILURES: Readonly<Record<string, (place: Place) => ConstructorParameters<typeof CommandError>>> = {
  EADDRINUSE: ({ host, port, named }) => [
    `Port ${port} on ${host} is taken by another process.`,
    `Choose another one with ${named.port}, or end that process.`,
    EXIT_CODES.port,
  ],
  EACCES: ({ host, port, named }) => [
    `This user may not listen on ${host}:${port}.`,
    `Ports below 1024 need a privilege; choose a higher one with ${named.port}.`,
    EXIT_CODES.port,
  ],
  EADDRNOTAVAIL: notOurs,
  // A link-local address without its zone (fe80::1%eth0).
  EINVAL: notOurs,
  ENOTFOUND: notOurs,
  EAI_AGAIN: notOurs,
};

function notOurs({ host, named }: Place): ConstructorParameters<typeof CommandError> {
  return [
    `${host} is no address of this machine.`,
    `Give ${named.host} an address of an own interface, such as 127.0.0.1 or 0.0.0.0.`,
    EXIT_CODES.invalid,
  ];
}

function explain(error: NodeJS.ErrnoException, place: Place): CommandError {
  const failure = FAILURES[error.code ?? ''];
  if (failure !== undefined) return new CommandError(...failure(place));
  const { host, port } = place;
  return new CommandError(`Cannot listen on ${host}:${port}: ${error.message}.`, undefined, EXIT_CODES.failure, error);
}
