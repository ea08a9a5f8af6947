import { eventually } from '@ocelot/test-support';
import { expect } from 'vitest';

import { route, type Stand } from '../black-box/stand.js';

/** The line that the gateway writes at the end of a connection, as far as tests judge it. */
export interface LogLine {
  readonly closedBy: 'client' | 'backend' | 'gateway';
  readonly closeCode?: number;
  /** Without its prefix `OCELOT_ERR_`; absent for an end in order. */
  readonly code?: string;
}

/**
 * A route for each case of a table, so that its line of the log is known among all others: the folder of a case is its
 * index behind `prefix`.
 */
export function caseRoutes(prefix: string, count: number, port: number, gateway: object): readonly object[] {
  return Array.from({ length: count }, (_, index) =>
    route(`/${prefix}${index}/{everything}`, port, { Gateway: gateway }),
  );
}

function linesOf(stand: Stand, folder: string): readonly Record<string, unknown>[] {
  return stand.gateway
    .logs()
    .filter((line) => line.msg === 'session closed' && line.route === `/${folder}/{everything}`);
}

/** Waits for the line about the only connection of a case, and judges it. */
export async function expectLine(stand: Stand, folder: string, wanted: LogLine): Promise<void> {
  await eventually(() => linesOf(stand, folder).length > 0, `the line about ${folder}`);
  const lines = linesOf(stand, folder);
  const found = lines.map(({ closedBy, closeCode, code }) => ({
    closedBy,
    closeCode,
    code: typeof code === 'string' ? code.replace('OCELOT_ERR_', '') : undefined,
  }));
  expect(found, `the lines about ${folder}`).toEqual([{ closeCode: undefined, code: undefined, ...wanted }]);
}
