import type { GatewayProcess } from './gateway-process.js';
import type { ProbeReport } from './probe-report.js';
import type { Violations } from './violations.js';

/** What the gateway held at one moment. */
export interface Holding extends ProbeReport {
  /** Open file descriptors; 0 where the system does not tell. */
  readonly descriptors: number;
}

/** The moments that are compared: before any load, and after each phase once everybody had left. */
export interface Holdings {
  readonly idle: Holding;
  readonly warm: Holding;
  readonly afterStorm: Holding;
  readonly end: Holding;
}

/** Objects of the heap that live as long as the process; a few more or fewer at a time are no leak. */
const OBJECT_SLACK = 10;
/** What the heap may grow by from the warm-up to the end, in bytes, after collecting garbage. */
const HEAP_GROWTH_BYTES = 6 * 1024 * 1024;
const EXTERNAL_GROWTH_BYTES = 4 * 1024 * 1024;
/** The same for resident memory, which V8 and the allocator give back as they like. */
const RESIDENT_GROWTH_BYTES = 48 * 1024 * 1024;

/** Asks the process and the system. */
export async function lookAt(gateway: GatewayProcess): Promise<Holding> {
  const report = await gateway.report();
  return { ...report, descriptors: gateway.descriptors };
}

/** Whether nothing of any connection is left that can be counted to zero. */
export function isQuiet({ sessions, exchanges, leases, resources }: Holding): boolean {
  return sessions + exchanges + leases + (resources['TCPSocketWrap'] ?? 0) + (resources['TCPConnectWrap'] ?? 0) === 0;
}

/** Adds a violation for everything that was left behind. */
export function compareResources({ idle, warm, afterStorm, end }: Holdings, violations: Violations): void {
  for (const [name, holding] of Object.entries({ warm, afterStorm, end })) {
    const leaked = (what: string, from: number, to: number): void => {
      if (to > from) violations.add('leak', `${what}: ${from} at the start, ${to} after ${name}`);
    };
    leaked('file descriptors', idle.descriptors, holding.descriptors);
    leaked('listeners', idle.listeners, holding.listeners);
    for (const [kind, count] of Object.entries(holding.resources)) {
      leaked(`active ${kind}`, idle.resources[kind] ?? 0, count);
    }
    for (const [kind, count] of Object.entries(holding.objects)) {
      leaked(`objects of class ${kind}`, (idle.objects[kind] ?? 0) + OBJECT_SLACK, count);
    }
    if (holding.opened !== holding.closed) {
      violations.add('leak', `${holding.opened} sessions were opened, ${holding.closed} closed, after ${name}`);
    }
  }
  for (const warning of end.warnings) violations.add('warning', warning);
  const grown = (what: 'heapUsed' | 'external' | 'rss', most: number): void => {
    const growth = end.memory[what] - warm.memory[what];
    if (growth > most) violations.add('memory', `${what} grew by ${growth} bytes since the warm-up, more than ${most}`);
  };
  grown('heapUsed', HEAP_GROWTH_BYTES);
  grown('external', EXTERNAL_GROWTH_BYTES);
  grown('rss', RESIDENT_GROWTH_BYTES);
}
