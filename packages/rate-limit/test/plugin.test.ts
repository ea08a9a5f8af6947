import { createGateway, type Gateway, readConfiguration } from '@ocelot/core';
import { type LogLine, MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { rateLimit } from '../src/index.js';
import { rateConfig } from './rate-stand.js';

/** The warnings of a gateway with one route. */
async function warnings(By: readonly string[], route: object = {}): Promise<readonly LogLine[]> {
  const log = new MemoryLogger();
  const plugin = rateLimit();
  const file = rateConfig(1, { quota: { Limit: 5, Period: '1m' }, limits: { By }, route });
  const config = readConfiguration(file, { supportedKeys: [...(plugin.supports ?? []), 'AuthenticationOptions'] });
  const gateway: Gateway = await createGateway({ config, plugins: [plugin], log });
  onTestFinished(async () => void (await gateway.drain({ deadlineMs: 0, spreadMs: 0 })));
  return log.lines.filter(({ level }) => level === 'warn');
}

const REFUSES_ALL = expect.stringContaining('the route asks nobody') as string;

describe('clients that are told apart by who they are', () => {
  it.each([[['subject']], [['claim:tenant', 'subject']]])(
    'are warned of where the route asks nobody who he is: %j',
    async (by) => {
      const [line] = await warnings(by);
      expect(line?.message).toEqual(REFUSES_ALL);
      expect(line?.fields['source']).toMatch(/#\/Routes\/0\/Gateway\/RateLimit\/By$/);
    },
  );

  it('are warned of where AllowAnonymous takes the route out', async () => {
    const AuthenticationOptions = { AuthenticationProviderKeys: ['Tokens'], AllowAnonymous: true };
    expect((await warnings(['subject'], { AuthenticationOptions }))[0]?.message).toEqual(REFUSES_ALL);
  });

  it.each([
    ['the route asks', ['subject'], { AuthenticationOptions: { AuthenticationProviderKeys: ['Tokens'] } }],
    [
      'the route asks by the single key of old files',
      ['subject'],
      { AuthenticationOptions: { AuthenticationProviderKey: 'Tokens' } },
    ],
    ['there is another name for them', ['subject', 'ip'], {}],
  ])('are not warned of where %s', async (_, by, route) => {
    expect(await warnings(by, route)).toEqual([]);
  });
});
