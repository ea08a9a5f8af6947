// Situation: sockets chat without a pause (S24).
// Action: the configuration is reloaded again and again, changed around their route, and unchanged.
// Expected: no message of theirs is lost, an equal configuration is not applied at all, and memory stays where it was.
// LONG_TESTS asks for 1000 sockets and 1000 reloads.
import { eventually } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { GatewayProcess, HAS_PROC } from '../black-box/gateway-process.js';
import { route } from '../black-box/stand.js';
import { crowd, crowdBackend, Member, type CrowdBackend } from './crowd.js';

const IS_LONG = process.env.LONG_TESTS !== undefined;
const SOCKETS = IS_LONG ? 1000 : 200;
const RELOADS = IS_LONG ? 1000 : 100;
const GROWTH_BYTES = 20 * 1_048_576;
/** Routes that come and go with each reload, each with endpoints of its own. */
const OTHER_ROUTES = 50;

let backend: CrowdBackend;
let gateway: RunningOcelot;

const LEAST = { LoadBalancerOptions: { Type: 'LeastConnection' } };

/** The route of the chat, and others: with another round, all of them are others. */
function configuration(round: number): object {
  const others = Array.from({ length: OTHER_ROUTES }, (_, index) =>
    // Nobody calls them; their ports are names only.
    route(`/other-${round}-${index}`, [1 + ((round * OTHER_ROUTES + index) % 60_000), 1 + index], LEAST),
  );
  return { Routes: [route('/chat/{everything}', backend.port, LEAST), ...others] };
}

beforeAll(async () => {
  backend = await crowdBackend();
  gateway = await runOcelot(configuration(0));
});
afterAll(async () => {
  await gateway.stop();
  await backend.close();
});

const said = (what: 'reloaded' | 'unchanged'): number =>
  gateway.logs().filter(({ msg }) => msg === `configuration ${what}`).length;

async function reload(next: object, outcome: 'reloaded' | 'unchanged'): Promise<void> {
  const before = said(outcome);
  await gateway.write(next);
  gateway.signal('SIGHUP');
  await eventually(() => said(outcome) > before, `the configuration being ${outcome}`);
}

/** Chats until told to stop. @returns how many messages came back; a lost or altered one is an error. */
async function chat(member: Member, name: number, isOver: () => boolean): Promise<number> {
  let count = 0;
  for (; !isOver(); count += 1) {
    await member.echo(`${name}:${count}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return count;
}

describe.runIf(HAS_PROC)('reloading while sockets chat', () => {
  it(
    'loses no message and no memory, and takes an equal configuration for what it is',
    { timeout: 900_000 },
    async () => {
      const seen = new GatewayProcess(gateway.port);
      const members = await crowd(SOCKETS, (index) => Member.join(gateway.port, `/chat/${index}`));
      let isOver = false;
      const chats = Promise.all(members.map((member, index) => chat(member, index, () => isOver)));
      chats.catch(() => undefined); // Awaited below, after the reloads.

      let settledBytes = 0;
      for (let round = 1; round <= RELOADS; round += 1) {
        if (round % 4 === 0) await reload(configuration(round - 1), 'unchanged');
        else await reload(configuration(round), 'reloaded');
        // The first reloads let the process find its size.
        if (round === Math.round(RELOADS / 4)) settledBytes = seen.residentBytes;
      }
      const grown = seen.residentBytes - settledBytes;
      isOver = true;
      const counts = await chats;
      expect(Math.min(...counts)).toBeGreaterThan(0);
      expect(members.every(({ isOpen }) => isOpen)).toBe(true);
      expect([said('reloaded'), said('unchanged')]).toEqual([
        RELOADS - Math.floor(RELOADS / 4),
        Math.floor(RELOADS / 4),
      ]);
      expect(grown).toBeLessThanOrEqual(GROWTH_BYTES);

      const late = await Member.join(gateway.port, '/chat/late');
      await late.echo('still here');
      await Promise.all([late, ...members].map((member) => member.leave()));
      await eventually(() => backend.open === 0, 'every connection being gone');
      process.stdout.write(`${RELOADS} reloads while ${SOCKETS} sockets chatted: ${grown} bytes more at the end\n`);
    },
  );
});
