// Situation: a client or a backend vanishes: its machine is off, the wire is cut; no FIN, no RST (S17).
// Action: nothing, or data towards it; TCP keep-alive is all there is (Ping is off).
// Expected: it is noticed in bounded time, the other side is told with the right code, both sockets are gone.
// It takes 15 s of waiting, so it runs in CI and where LONG_TESTS is set, if the system lets the user make networks.
import { writeFileSync } from 'node:fs';

import {
  closeFrame,
  decodeFrame,
  eventually,
  OPCODE,
  rawClient,
  readClose,
  switchingHead,
  upgradeHead,
  type RawConnection,
} from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOcelot, temporaryFolder, type RunningOcelot } from '../../src/run-ocelot.js';
import { route } from '../black-box/stand.js';
import { switchboard, type Switchboard } from '../black-box/switchboard.js';
import { CAN_HAVE_NETWORK, FarSide, inOwnNetwork, IS_IN_OWN_NETWORK } from './own-network.js';

const KEEP_ALIVE_MS = 1000;
/** Node asks ten times, a second apart, before it gives up (libuv's uv_tcp_keepalive). */
const PROBES_MS = 10_000;
/** The kernel's own timers are late by up to a second or so on a busy machine. */
const NOTICED_MS = KEEP_ALIVE_MS + PROBES_MS + 4000;

const IS_ASKED_FOR = process.env.CI !== undefined || process.env.LONG_TESTS !== undefined;

describe.runIf(IS_ASKED_FOR && CAN_HAVE_NETWORK && !IS_IN_OWN_NETWORK)('a peer that vanishes', () => {
  it('is noticed, as the tests in a network of their own say', { timeout: 60_000 }, async () => {
    const finished = await inOwnNetwork('survive/vanished-peer.test.ts');
    expect(finished).toMatchObject({ code: 0 });
  });
});

// Not skipped elsewhere, but no part of that run.
if (IS_IN_OWN_NETWORK) {
  describe('in a network of its own', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let far: FarSide;
    let near: Switchboard;
    let gateway: RunningOcelot;

    beforeAll(async () => {
      // How often Linux sends again what nobody confirms; 15 times by default, which takes a quarter of an hour.
      writeFileSync('/proc/sys/net/ipv4/tcp_retries2', '4');
      folder = await temporaryFolder();
      far = await FarSide.make(folder.path);
      near = await switchboard();
      const backend = { DownstreamHostAndPorts: [{ Host: far.host, Port: far.port }] };
      gateway = await runOcelot(
        {
          Routes: [
            route('/near/{everything}', near.port, { Gateway: { TcpKeepAliveMs: KEEP_ALIVE_MS } }),
            route('/data/{everything}', near.port, { Gateway: { TcpKeepAliveMs: 60_000 } }),
            route('/far/{everything}', 0, { ...backend, Gateway: { TcpKeepAliveMs: KEEP_ALIVE_MS } }),
          ],
        },
        { args: ['--host', '0.0.0.0'] },
      );
      await far.open(gateway.port);
    });

    afterAll(async () => {
      await gateway.stop();
      await near.close();
      await far.close();
      await folder.remove();
    });

    it('tells the other side, and ends', { timeout: 40_000 }, async () => {
      const clientOf = async (target: string) => {
        const client = await far.connect();
        client.send(upgradeHead({ target }));
        const { connection, head } = await near.call(target);
        connection.send(switchingHead(head.get('sec-websocket-key') ?? ''));
        expect((await client.readHead()).status).toBe(101);
        return { client, backend: connection };
      };
      const silent = await clientOf('/near/1');
      const spokenTo = await clientOf('/data/1');
      const client = await rawClient(gateway.port);
      client.send(upgradeHead({ target: '/far/1' }));
      const backend = await far.backend(0);
      backend.send(switchingHead((await backend.readHead()).get('sec-websocket-key') ?? ''));
      expect((await client.readHead()).status).toBe(101);

      const before = performance.now();
      far.vanish();
      spokenTo.backend.sendFrame({ opcode: OPCODE.text, payload: 'is anybody there?' });

      const told = async (side: RawConnection, mask: boolean): Promise<readonly [number | undefined, number]> => {
        const frame = await eventually(() => decodeFrame(side.unread)?.frame, 'a Close', NOTICED_MS);
        const close = readClose(frame);
        side.send(closeFrame(close.code, '', mask));
        side.end();
        return [close.code, performance.now() - before];
      };
      const [atNear, atSpeaker, atClient] = await Promise.all([
        told(silent.backend, false),
        told(spokenTo.backend, false),
        told(client, true),
      ]);
      expect([atNear[0], atSpeaker[0], atClient[0]]).toEqual([1001, 1001, 1014]);
      for (const [, afterMs] of [atNear, atSpeaker, atClient]) expect(afterMs).toBeLessThan(NOTICED_MS);
      const lines = await Promise.all(
        ['near', 'data', 'far'].map((name) =>
          gateway.log((line) => line.msg === 'session closed' && line.route === `/${name}/{everything}`),
        ),
      );
      expect(lines).toMatchObject([
        { closedBy: 'client', code: 'OCELOT_ERR_CLIENT_GONE' },
        { closedBy: 'client', code: 'OCELOT_ERR_CLIENT_GONE' },
        { closedBy: 'backend', code: 'OCELOT_ERR_BACKEND_LOST' },
      ]);
      for (const one of [silent.client, spokenTo.client, client, silent.backend, spokenTo.backend]) one.destroy();
    });
  });
}
