import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

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

  get pid(): number {
    return Number(this.#pid);
  }

  /** Memory held now, in bytes. */
  get residentBytes(): number {
    return this.#statusBytes('VmRSS');
  }

  /** Most memory held at any moment since {@link forgetPeak}, or since the process began, in bytes. */
  get peakResidentBytes(): number {
    return this.#statusBytes('VmHWM');
  }

  /** Lets the peak begin anew at what is held now (`clear_refs` in proc(5)). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5');
  }

  /** User and system time spent so far, in milliseconds, in steps of the system's clock tick of 10 ms. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Open files of every kind. */
  get files(): number {
    return readdirSync(`/proc/${this.#pid}/fd`).length;
  }

  /** Open sockets, the listening one and the pipes to the test included. */
  get sockets(): number {
    return socketsOf(this.#pid).length;
  }

  #statusBytes(field: string): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
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
