import { MemoryLogger } from '@ocelot/core/testing';
import { onTestFinished } from 'vitest';

import type { AdminSettings } from '../../src/control/admin-settings.js';
import type { ControlDesk } from '../../src/control/control-desk.js';
import { ControlServer, type Readiness } from '../../src/control/control-server.js';

/** A control server on a free port, closed at the end of the test, and what it is told meanwhile. */
export interface ControlStand {
  readonly server: ControlServer;
  readonly log: MemoryLogger;
  readonly state: { readiness: Readiness; desk: ControlDesk | undefined };
}

/** Opens one whose only call, `POST /echo/{name}`, answers with what it was asked. */
export async function controlStand(settings: Partial<AdminSettings> = {}, idleMs?: number): Promise<ControlStand> {
  const log = new MemoryLogger();
  const desk: ControlDesk = {
    calls: [{ method: 'POST', path: '/echo/{name}', description: 'Answers with what it was asked.' }],
    isServing: true,
    ask: (question) =>
      Promise.resolve({
        answer: { status: 200, contentType: 'application/json', body: JSON.stringify(question) },
        missing: question.query === 'missing' ? [2, 3] : [],
      }),
  };
  const state: ControlStand['state'] = { readiness: 'ready', desk };
  const all = { host: '127.0.0.1', port: 0, token: undefined, ...settings };
  const server = await ControlServer.open(all, state, log, idleMs);
  onTestFinished(() => server.close());
  return { server, log, state };
}
