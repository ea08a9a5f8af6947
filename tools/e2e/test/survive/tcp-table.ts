import { existsSync, readFileSync } from 'node:fs';

/** Whether the system shows its TCP connections as a file, as Linux does. */
export const HAS_TCP_TABLE: boolean = existsSync('/proc/net/tcp');

/** One end of a TCP connection over IPv4 as the system sees it (`/proc/net/tcp`, proc_net(5)). */
export interface TcpRow {
  readonly localPort: number;
  readonly remotePort: number;
  readonly state: string;
  /** Bytes that the peer's system has not confirmed. */
  readonly unconfirmed: number;
  /** Bytes that this end's process has not read. */
  readonly unread: number;
  /** Which timer runs; `keepalive` also when it is the only one that could. */
  readonly timer: 'none' | 'retransmit' | 'keepalive' | 'timewait' | 'probe';
  /** Until that timer fires. */
  readonly timerMs: number;
}

const STATES = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'];
const LATER_STATES = ['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV'];
const TIMERS = ['none', 'retransmit', 'keepalive', 'timewait', 'probe'] as const;
/** The kernel's unit in this file (USER_HZ). */
const TICK_MS = 10;

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16);
const portOf = (address: string | undefined): number => hex(address?.split(':')[1]);

/**
 * Every IPv4 connection of this network namespace with `port` on either side. The file also holds what anybody else
 * does on this machine, so its lines are looked at before they are taken apart.
 */
export function tcpRows(port: number): readonly TcpRow[] {
  const mark = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n');
  return lines.filter((line) => line.includes(mark)).map((line) => rowOf(line.trim().split(/\s+/)));
}

function rowOf(fields: readonly string[]): TcpRow {
  const [unconfirmed, unread] = fields[4]?.split(':') ?? [];
  const [timer, until] = fields[5]?.split(':') ?? [];
  return {
    localPort: portOf(fields[1]),
    remotePort: portOf(fields[2]),
    state: [...STATES, ...LATER_STATES][hex(fields[3])] ?? '',
    unconfirmed: hex(unconfirmed),
    unread: hex(unread),
    timer: TIMERS[hex(timer)] ?? 'none',
    timerMs: hex(until) * TICK_MS,
  };
}
