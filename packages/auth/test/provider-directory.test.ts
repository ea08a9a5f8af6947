import { ConfigError, createGateway, readConfiguration } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { auth, type Provider, type ProviderFactory } from '../src/index.js';
import { authStands, MAIN } from './auth-stand.js';

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

describe('ProviderDirectory', () => {
  it('keeps a provider over a reload while its options are the same, and closes one that nobody uses', async () => {
    const { made, closed, providers } = watched();
    const stand = await gateway(await plain(), { ...named('a', 'b'), auth: { providers } });
    await stand.gateway.reload(stand.configure(named('a', 'c')));
    expect(made).toEqual(['P0/a', 'P1/b', 'P1/c']);
    expect(closed).toEqual(['P1/b']);
    await stand.gateway.reload(stand.configure(named()));
    expect(closed).toEqual(['P1/b', 'P0/a', 'P1/c']);
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
    const stand = await gateway(await plain(), { ...named('a'), auth: { providers } });
    const config = stand.configure(named('b'));
    await stand.gateway.reload(config);
    await stand.gateway.reload(config);
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
