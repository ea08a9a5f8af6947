// Situation: the command brings authentication, rate limits, resilience and telemetry; most files use some of it.
// Action: gateways start, with Node itself telling which modules they load.
// Expected: what a file does not use is not loaded, so that it costs no memory and no time.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { runOcelot, temporaryFolder } from '../src/run-ocelot.js';

const HEAVY = /\/node_modules\/(jose|ioredis|rate-limiter-flexible|@opentelemetry)\//;

const HOOKS = `
import { writeSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  writeSync(2, 'resolved ' + found.url + '\\n');
  return found;
}
`;

let hooks: string;

beforeAll(async () => {
  const folder = await temporaryFolder();
  hooks = join(folder.path, 'register.mjs');
  await writeFile(join(folder.path, 'hooks.mjs'), HOOKS);
  await writeFile(hooks, `import { register } from 'node:module';\nregister('./hooks.mjs', import.meta.url);\n`);
  return () => folder.remove();
});

/** The heavy packages that a gateway with this file has loaded once it accepts. */
async function loaded(route: object, gateway: object = {}): Promise<readonly string[]> {
  const file = {
    Routes: [
      {
        UpstreamPathTemplate: '/room',
        DownstreamPathTemplate: '/room',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 1 }],
        ...route,
      },
    ],
    GlobalConfiguration: { Gateway: gateway },
  };
  const running = await runOcelot(file, { env: { NODE_OPTIONS: `--import ${hooks}` } });
  onTestFinished(async () => void (await running.stop()));
  const urls = running.output().stderr.matchAll(/^resolved (\S+)$/gm);
  const names = [...urls].map(([, url]) => HEAVY.exec(url ?? '')?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].toSorted();
}

describe('the modules that a gateway loads at its start', () => {
  it('are none of the heavy ones for a file that uses nothing of them', async () => {
    expect(await loaded({})).toEqual([]);
  });

  it('are those of the file: tokens bring jose, and nothing else', async () => {
    const Providers = { Bearer: { Type: 'Jwt', Secret: 'x'.repeat(32), Audience: ['a'] } };
    const route = { AuthenticationOptions: { AuthenticationProviderKeys: ['Bearer'] } };
    expect(await loaded(route, { Authentication: { Providers } })).toEqual(['jose']);
  });

  it('are those of the file: traces bring OpenTelemetry, and nothing else', async () => {
    expect(await loaded({}, { Telemetry: { Metrics: true, Prometheus: true }, Admin: { Port: 0 } })).toEqual([
      '@opentelemetry',
    ]);
  });
});
