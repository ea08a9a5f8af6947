import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Whether the system tells about other processes in files, as Linux does. */
export const HAS_PROC: boolean = existsSync('/proc/self/fd');

/** What the operating system knows about a running gateway; only where {@link HAS_PROC}. */
export class GatewayProcess {
  readonly #pid: string;

  /** @param port where a child process of this one listens on 127.0.0.1. */
  constructor(port: number) {
    const inode = listeningInode(port);
    const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && isOurs(entry) && holds(entry, inode));
    if (pid === undefined) throw new Error(`no child process of the test listens on port ${port}`);
    this.#pid = pid;
  }

  /** Memory held now, in bytes. */
  get residentBytes(): number {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#pid}/status`, 'utf8'));
    return Number(kilobytes?.[1]) * 1024;
  }

  /** Open sockets, the listening one and the pipes to the test included. */
  get sockets(): number {
    return socketsOf(this.#pid).length;
  }
}

/** The socket that listens on a port, by the number that the system gave it. */
function listeningInode(port: number): string {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const fields = rows.map((row) => row.trim().split(/\s+/)).find((row) => row[1] === address && row[3] === '0A');
  return fields?.[9] ?? '';
}

function isOurs(pid: string): boolean {
  return textOf(`/proc/${pid}/status`).includes(`\nPPid:\t${process.pid}\n`);
}

function holds(pid: string, inode: string): boolean {
  return socketsOf(pid).includes(`socket:[${inode}]`);
}

function socketsOf(pid: string): readonly string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => link.startsWith('socket:'));
}

// A process or a file may be gone between the listing and the look.
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
