import { consulAvailable, startConsul, type TestConsul } from '@ocelot/test-support';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { endpointsKnown } from '../../../src/known-endpoints.ts';
import { ConsulService } from '../consul-service.ts';
import type { Session, SessionWay } from '../sessions.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import type { Sticky } from '../sticky.ts';

const hasConsul = await consulAvailable();

/** A stack's client by one of its transports, and how its requests find the same instance. */
export interface ConsulRow {
  readonly way: SessionWay;
  readonly sticky: Sticky;
}

/**
 * An odd number, so that round robin would tear a session apart in whatever order requests come: of twice five requests
 * it gives each instance five, and sessions of two requests would give each an even number.
 */
const CLIENTS = 5;

/** Sessions of real stacks whose servers are instances of a service that a real Consul knows. */
export function describeConsul(layout: TitledLayout, rows: readonly ConsulRow[]): void {
  describe.runIf(hasConsul)(`as instances of a service that Consul knows, ${layout.title}`, () => {
    let consul: TestConsul;
    beforeAll(async () => {
      consul = await startConsul();
    });
    afterAll(() => consul.stop());

    for (const [index, { way, sticky }] of rows.entries())
      describe(`${way.title}, ${sticky.title}`, () => {
        let service: ConsulService;
        let stand: Stand;
        const sessions: Session[] = [];
        beforeAll(async () => {
          service = new ConsulService(consul, `chat-${index}`);
          stand = await startStand({ ...layout, attach: way.attach, route: sticky.route, service });
        });
        beforeEach(async () => {
          for (const backend of stand.backends) await service.join(backend);
          await endpointsKnown(stand.gateway, stand.backends);
        });
        afterEach(async () => {
          for (const session of sessions.splice(0)) await session.close();
        });
        afterAll(() => stand.close());

        const open = async (): Promise<Session> => {
          const session = await way.open(stand);
          sessions.push(session);
          return session;
        };
        const openSome = (): Promise<readonly Session[]> => Promise.all(Array.from({ length: CLIENTS }, open));
        const names = (some: readonly Session[]): Promise<readonly string[]> =>
          Promise.all(some.map((session) => session.who()));
        /** Opens clients at both instances: those of `one` first. */
        const openAtBoth = async (): Promise<readonly [readonly Session[], readonly Session[]]> => {
          const opened = await openSome();
          const found = await names(opened);
          expect(new Set(found)).toEqual(new Set(['one', 'two']));
          const at = (name: string): readonly Session[] => opened.filter((_, nth) => found[nth] === name);
          return [at('one'), at('two')];
        };
        /** Takes `one` out of the registry, and waits until the gateway has heard of it. */
        const leaveOne = async (): Promise<void> => {
          await service.leave(stand.backend('one'));
          await endpointsKnown(stand.gateway, [stand.backend('two')]);
        };

        /** Lets `one` die, for this test, and waits until its clients have connected again. */
        const endOne = async (clients: readonly Session[]): Promise<void> => {
          const again = clients.map((session) => session.reconnected());
          const dying = stand.backend('one');
          onTestFinished(() => dying.restart());
          await dying.crash();
          await Promise.all(again);
        };

        it('keeps each client with the instance that began its session', async () => {
          const [atOne, atTwo] = await openAtBoth();
          for (let round = 0; round < 3; round += 1) {
            expect(new Set(await names(atOne))).toEqual(new Set(['one']));
            expect(new Set(await names(atTwo))).toEqual(new Set(['two']));
          }
        });

        if (way.carriedBy === 'one connection')
          it('keeps the clients of an instance that is deregistered, and gives it no new ones until it is back', async () => {
            const [atOne] = await openAtBoth();
            await leaveOne();
            expect(new Set(await names(await openSome()))).toEqual(new Set(['two']));
            await service.join(stand.backend('one'));
            await endpointsKnown(stand.gateway, stand.backends);
            expect(new Set(await names(await openSome()))).toEqual(new Set(['one', 'two']));
            expect(new Set(await names(atOne))).toEqual(new Set(['one']));
          });

        if (way.carriedBy === 'requests')
          it('takes clients whose instance is deregistered to the other one, where they begin again', async () => {
            const [atOne] = await openAtBoth();
            const again = atOne.map((session) => session.reconnected());
            await leaveOne();
            await Promise.all(again);
            expect(new Set(await names(atOne))).toEqual(new Set(['two']));
            expect(await (await open()).who()).toBe('two');
          });

        if (way.carriedBy === 'a stream and requests')
          it('takes what clients send beside their stream to the other one, once theirs is deregistered', async () => {
            const [atOne] = await openAtBoth();
            await leaveOne();
            for (const session of atOne) await expect(session.who()).rejects.toThrow("Status code '404'");
            expect(await (await open()).who()).toBe('two');
            await endOne(atOne);
            expect(new Set(await names(atOne))).toEqual(new Set(['two']));
          });

        it('lets the clients of an instance that dies connect again by themselves, to the other one', async () => {
          const [atOne, atTwo] = await openAtBoth();
          await endOne(atOne); // Consul goes on naming it.
          expect(new Set(await names([...atOne, ...atTwo]))).toEqual(new Set(['two']));
          expect(await (await open()).who()).toBe('two');
          await leaveOne();
          expect(new Set(await names(atOne))).toEqual(new Set(['two']));
        });
      });
  });
}
