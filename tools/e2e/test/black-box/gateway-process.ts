import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

import type { RunningOcelot } from '../../src/run-ocelot.js';

/** Whether the system tells about other processes in files, as Linux does. */
export const HAS_PROC: boolean = existsSync('/proc/self/fd');

/** What the operating system knows about a running gateway; only where {@link HAS_PROC}. */
export class GatewayProcess {
  readonly #folder: string;

  constructor(gateway: RunningOcelot) {
    this.#folder = `/proc/${pidOf(gateway)}`;
  }

  /** Memory held now, in bytes. */
  get residentBytes(): number {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`${this.#folder}/status`, 'utf8'));
    return Number(kilobytes?.[1]) * 1024;
  }

  /** Open sockets, the listening one and the pipes to the test included. */
  get sockets(): number {
    return readdirSync(`${this.#folder}/fd`).filter((fd) => this.#isSocket(fd)).length;
  }

  #isSocket(fd: string): boolean {
    try {
      return readlinkSync(`${this.#folder}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // Closed between the listing and the look.
    }
  }
}

/** The process that was started with the file which the gateway says it read. */
function pidOf(gateway: RunningOcelot): string {
  const started = gateway.logs().find((line) => line['msg'] === 'gateway started');
  const [file = ''] = (started?.['files'] ?? []) as readonly string[];
  if (file === '') throw new Error('the gateway did not say which file it read');
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && commandOf(entry).includes(file));
  if (pid === undefined) throw new Error(`no process was started with ${file}`);
  return pid;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // Gone between the listing and the look.
  }
}
