import { ConfigError, createGateway, type Identity, readConfiguration } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { auth, AuthFailure, type Provider, type ProviderFactory } from '../src/index.js';
import { authStands, BY_MAIN, MAIN } from './auth-stand.js';

const { gateway, plain } = authStands();

/** A provider type that tells what becomes of its providers. */
function watched() {
  const made: string[] = [];
  const closed: string[] = [];
  const Watched: ProviderFactory = (name, options): Provider => {
    const label = `${name}/${typeof options['Mark'] === 'string' ? options['Mark'] : ''}`;
    made.push(label);
    return {
      name,
      challenge: () => `Watched realm="${name}"`,
      find: () => undefined,
      verify: () => expect.unreachable(),
      close: () => void closed.push(label),
    };
  };
  return { made, closed, providers: { Watched } };
}

const named = (...marks: readonly string[]) => ({
  authentication: {
    Providers: Object.fromEntries(marks.map((mark, index) => [`P${index}`, { Type: 'Watched', Mark: mark }])),
  },
  route: {},
});

/** Somebody whom a provider of these tests knows. */
const ALICE: Identity = {
  provider: 'Main',
  subject: 'alice',
  tokenId: undefined,
  claims: {},
  expiresAtMs: undefined,
};

/** A provider type whose checks wait until the test ends them, and fail once their provider is closed. */
function slow() {
  const waiting: (() => void)[] = [];
  const Slow: ProviderFactory = (name): Provider => {
    let isClosed = false;
    return {
      name,
      challenge: () => 'Slow',
      find: () => ({ kind: 'custom', value: 1, place: 'test' }),
      async verify() {
        await new Promise<void>((resolve) => void waiting.push(resolve));
        if (isClosed) throw new AuthFailure('closed', 'Closed.', { isUnavailable: true });
        return ALICE;
      },
      close: () => void (isClosed = true),
    };
  };
  return { waiting, providers: { Slow } };
}

describe('ProviderDirectory', () => {
  it('keeps a provider over a reload while its options are the same, and closes one that nobody uses for a minute', async () => {
    const { made, closed, providers } = watched();
    const clock = new FakeClock();
    const stand = await gateway(await plain(), { ...named('a', 'b'), auth: { providers }, clock });
    await stand.gateway.reload(stand.configure(named('a', 'c')));
    expect(made).toEqual(['P0/a', 'P1/b', 'P1/c']);
    expect(closed).toEqual([]);
    clock.advance(60_000);
    expect(closed).toEqual(['P1/b']);
    await stand.gateway.reload(stand.configure(named()));
    clock.advance(60_000);
    expect(closed).toEqual(['P1/b', 'P0/a', 'P1/c']);
  });

  it('lets a check end that is under way when its provider is configured anew', async () => {
    const { waiting, providers } = slow();
    const main = (mark: string) => ({ authentication: { Providers: { Main: { Type: 'Slow', Mark: mark } } } });
    const stand = await gateway(await plain(), { ...main('a'), route: BY_MAIN, auth: { providers } });
    const answer = stand.fetch();
    await expect.poll(() => waiting.length).toBe(1);
    await stand.gateway.reload(stand.configure(main('b')));
    waiting[0]?.();
    expect((await answer).status).toBe(200);
  });

  it('takes a provider up again that was let go a moment ago', async () => {
    const { made, closed, providers } = watched();
    const clock = new FakeClock();
    const stand = await gateway(await plain(), { ...named('a'), auth: { providers }, clock });
    await stand.gateway.reload(stand.configure(named('b')));
    await stand.gateway.reload(stand.configure(named('a')));
    clock.advance(60_000);
    expect(made).toEqual(['P0/a', 'P0/b']);
    expect(closed).toEqual(['P0/b']);
  });

  it('makes providers anew for a configuration that comes back after they were closed', async () => {
    const { waiting, providers } = slow();
    const clock = new FakeClock();
    const main = (mark: string) => ({ authentication: { Providers: { Main: { Type: 'Slow', Mark: mark } } } });
    const stand = await gateway(await plain(), { ...main('x'), route: BY_MAIN, auth: { providers }, clock });
    const first = stand.configure(main('a'));
    for (const config of [first, stand.configure(main('b')), first]) {
      await stand.gateway.reload(config);
      clock.advance(60_000);
    }
    const answer = stand.fetch();
    await expect.poll(() => waiting.length).toBe(1);
    waiting[0]?.();
    expect((await answer).status).toBe(200);
  });

  it('keeps what is in force when a configuration is refused', async () => {
    const { closed, providers } = watched();
    const stand = await gateway(await plain(), { ...named('a'), auth: { providers } });
    const bad = { authentication: { Providers: { P0: { Type: 'Watched', Mark: 'x' }, Q: { Type: 'Nope' } } } };
    await expect(stand.gateway.reload(stand.configure(bad))).rejects.toThrow(ConfigError);
    expect(closed).toEqual(['P0/x']);
    const unbound = { ...named('y'), route: { AuthenticationOptions: { AuthenticationProviderKeys: ['Z'] } } };
    await expect(stand.gateway.reload(stand.configure(unbound))).rejects.toThrow(ConfigError);
    expect(closed).toEqual(['P0/x', 'P0/y']);
  });

  it('stands a configuration that is put in force twice', async () => {
    const { made, closed, providers } = watched();
    const clock = new FakeClock();
    const stand = await gateway(await plain(), { ...named('a'), auth: { providers }, clock });
    const config = stand.configure(named('b'));
    await stand.gateway.reload(config);
    await stand.gateway.reload(config);
    clock.advance(60_000);
    expect(made).toEqual(['P0/a', 'P0/b']);
    expect(closed).toEqual(['P0/a']);
  });

  it('closes all with the gateway', async () => {
    const { closed, providers } = watched();
    const { authentication } = named('a');
    const config = readConfiguration({
      Routes: [],
      GlobalConfiguration: { Gateway: { Authentication: authentication } },
    });
    const lone = await createGateway({ config, plugins: [auth({ providers })] });
    expect(closed).toEqual([]);
    await lone.drain();
    expect(closed).toEqual(['P0/a']);
  });

  it('keeps nothing of a configuration that was still being prepared when the gateway went', async () => {
    let finish: ((provider: Provider) => void) | undefined;
    const closed: string[] = [];
    const Late: ProviderFactory = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const stand = await gateway(await plain(), { ...named(), auth: { providers: { Late } } });
    const config = stand.configure({ authentication: { Providers: { Main: { Type: 'Late' } } }, route: {} });
    const reloaded = stand.gateway.reload(config).catch((error: unknown) => error);
    await expect.poll(() => finish).toBeDefined();
    await stand.gateway.drain({ deadlineMs: 0, spreadMs: 0 });
    expect(await reloaded).toBeInstanceOf(Error);
    finish?.({
      name: 'Main',
      challenge: () => 'Late',
      find: () => undefined,
      verify: () => ALICE,
      close: () => void closed.push('Main'),
    });
    await expect.poll(() => closed).not.toEqual([]);
  });

  it('reports what is wrong with all providers at once, with their places', async () => {
    const port = await plain();
    const broken = { Providers: { One: { Type: 'Jwt' }, Two: { Type: 'Nope' }, Main: MAIN } };
    const error: unknown = await gateway(port, { authentication: broken, route: {} }).catch(
      (thrown: unknown) => thrown,
    );
    const sources = (error as ConfigError).issues.map(({ source }) => source.replace(/^.*Providers\//, ''));
    expect(sources.some((source) => source.startsWith('One'))).toBe(true);
    expect(sources.some((source) => source.startsWith('Two/Type'))).toBe(true);
  });
});
