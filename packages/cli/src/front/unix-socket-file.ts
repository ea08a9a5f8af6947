import cluster from 'node:cluster';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { type Server, connect } from 'node:net';
import { dirname } from 'node:path';

import { CommandError } from '../command-error.js';
import { EXIT_CODES } from '../exit-codes.js';

/** A kernel answers a connect to a socket of its own at once, or has its owner hang. */
const PROBE_MS = 2_000;
/** Room in `sockaddr_un`, its last byte excluded. Node cuts longer paths silently. */
const MOST_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;

const UNIX = 'unix:';

/**
 * The path in a host such as `unix:/run/ocelot.sock`; undefined for any other host.
 * @throws CommandError with exit code 2 when no socket can have that path.
 */
export function unixSocketOf(host: string): string | undefined {
  if (!host.startsWith(UNIX)) return undefined;
  const path = host.slice(UNIX.length);
  if (!path.startsWith('/') || path.includes('\0'))
    throw wrongPath(`${host} names no absolute path.`, 'Write it as unix:/run/ocelot.sock.');
  if (Buffer.byteLength(path) > MOST_PATH_BYTES)
    throw wrongPath(
      `${path} is longer than the ${MOST_PATH_BYTES} bytes that a socket's path may have.`,
      'Shorten it.',
    );
  return path;
}

/**
 * Has `server` listen on a path. The file goes when it stops. In a worker the primary listens, and has cleared the path.
 * @param mode permissions, as `chmod` takes them; undefined: what the umask says.
 * @throws CommandError as {@link clearSocketFile}; nothing listens then.
 */
export async function openSocketFile(server: Server, path: string, mode: number | undefined): Promise<void> {
  if (!cluster.isWorker) await clearSocketFile(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explainSocketFile(error, path)));
    server.listen({ path }, resolve);
  });
  server.removeAllListeners('error');
  if (mode === undefined) return;
  await chmod(path, mode).catch((error: NodeJS.ErrnoException) => {
    server.close();
    throw explainSocketFile(error, path);
  });
}

/**
 * Makes room for a socket: a file that a gateway left when it was killed is removed. To be called before listening, by
 * one process for all its workers.
 * @throws CommandError with exit code 3 when somebody listens there, or something else has that name.
 */
export async function clearSocketFile(path: string): Promise<void> {
  const file = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw explainSocketFile(error, path);
  });
  if (file === undefined) {
    // Node calls a folder that is missing a lack of permission.
    await lstat(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      throw explainSocketFile(error, path);
    });
    return;
  }
  if (!file.isSocket()) throw taken(`${path} exists and is no socket.`, 'Choose another path with --host unix:PATH.');
  const outcome = await probe(path);
  if (outcome === 'connected' || outcome === 'silent')
    throw taken(
      `Another process listens on ${path}.`,
      'Choose another path with --host unix:PATH, or end that process.',
    );
  // ECONNREFUSED: nobody listens. ENOENT: its owner has just removed it.
  if (outcome === 'ENOENT') return;
  if (outcome !== 'ECONNREFUSED') throw explainSocketFile({ code: outcome, message: outcome }, path);
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw explainSocketFile(error, path);
  });
}

/** What a failure to listen on a path means for the person at the terminal. */
export function explainSocketFile(
  error: { readonly code?: string | undefined; readonly message: string },
  path: string,
): CommandError {
  switch (error.code) {
    case 'EADDRINUSE':
      return taken(`Another process listens on ${path}.`, 'Choose another path with --host unix:PATH.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return taken(`This user may not listen on ${path}.`, 'Choose a folder that this user may write to.');
    case 'ENOENT':
    case 'ENOTDIR':
      return wrongPath(`The folder of ${path} does not exist.`, 'Create it, or choose another path.');
    case undefined:
    default:
      return new CommandError(`Cannot listen on ${path}: ${error.message}.`, undefined, EXIT_CODES.failure, error);
  }
}

/** @returns the code of the failure where there is one. */
async function probe(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const limit = setTimeout(() => end('silent'), PROBE_MS);
    const end = (outcome: string): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end('connected'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function taken(message: string, hint: string): CommandError {
  return new CommandError(message, hint, EXIT_CODES.port);
}

function wrongPath(message: string, hint: string): CommandError {
  return new CommandError(message, hint, EXIT_CODES.invalid);
}
