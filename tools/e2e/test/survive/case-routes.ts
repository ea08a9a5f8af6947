import { eventually } from '@ocelot/test-support';

import { route, type Stand } from '../black-box/stand.js';

/** What the gateway writes at the end of a connection, as far as tests judge it. */
export interface LogLine {
  readonly closedBy: unknown;
  readonly closeCode: unknown;
  /** Without its prefix `OCELOT_ERR_`; undefined for an end in order. */
  readonly code: string | undefined;
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

/** Waits for the line about the only connection of a case. A second one is there in time only if it is a mistake. */
export async function linesAbout(stand: Stand, folder: string): Promise<readonly LogLine[]> {
  await eventually(() => linesOf(stand, folder).length > 0, `the line about ${folder}`);
  return linesOf(stand, folder).map(({ closedBy, closeCode, code }) => ({
    closedBy,
    closeCode,
    code: typeof code === 'string' ? code.replace('OCELOT_ERR_', '') : undefined,
  }));
}
