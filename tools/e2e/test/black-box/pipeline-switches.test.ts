// Situation: switches of the global section that hold against routes, protections that nobody can enforce, and files
//   that ask for what cannot be.
// Action: clients come to such routes every way; such files are validated.
// Expected: Ocelot's precedence, closed routes rather than open ones, and every fault named with its place.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ocelot, temporaryFolder } from '../../src/run-ocelot.js';
import { pipelineStand, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

const subject = pipelineStand((port) => ({
  Routes: [
    route('/limited', port, { RateLimitOptions: { EnableRateLimiting: true, Limit: 1, Period: '1h' } }),
    route('/late', port, { QoSOptions: { Timeout: 150 } }),
    route('/nobody', port, { AuthenticationOptions: { AuthenticationProviderKeys: ['Nobody'] } }),
    route('/scopes', port, { AuthenticationOptions: { AllowedScopes: ['chat'] } }),
    route('/claims', port, { RouteClaimsRequirement: { sub: 'ada' } }),
    route('/told', port, { AddHeadersToRequest: { 'X-User': 'Claims[sub] > value' } }),
  ],
  GlobalConfiguration: {
    RequestIdKey: 'X-Request-Id',
    RateLimitOptions: { EnableRateLimiting: false },
    Gateway: { OcelotStatusCodes: true },
  },
}));

describe.each(WAYS)('a %s', (way: Way) => {
  const isIn = way.startsWith('GET') ? 200 : 101;

  it('is not limited where the global section says EnableRateLimiting false, whatever the route says', async () => {
    for (let index = 0; index < 3; index += 1) expect((await subject.reach(way, '/limited')).status).toBe(isIn);
  });

  it('of a backend that is late is answered 503 under OcelotStatusCodes', async () => {
    const reached = await subject.reach(way, '/late?answer=never');
    expect(reached.status).toBe(503);
    expect(await subject.line(reached.id)).toMatchObject({ code: 'OCELOT_ERR_BACKEND_TIMEOUT', status: 503 });
  });

  it.each(['/nobody', '/scopes', '/claims', '/told'])(
    'on %s, which asks for what nobody can say, is answered 403',
    async (path) => {
      const reached = await subject.reach(way, path, { 'X-User': 'root', Authorization: 'Bearer a.b.c' });
      expect(reached.status).toBe(403);
      expect(await subject.line(reached.id)).toMatchObject({ code: 'OCELOT_ERR_FORBIDDEN', status: 403 });
      expect(subject.witness.has(reached.id)).toBe(false);
    },
  );
});

describe('the start', () => {
  it('says of each such route that it lets nobody in', () => {
    const warnings = subject.gateway
      .logs()
      .filter(({ plugin, level }) => plugin === '@ocelot/auth' && level === 'warn');
    const closed = warnings.filter(({ msg }) => /closed|refused/.test(String(msg))).map((line) => line['route']);
    expect(closed).toEqual(['/nobody', '/scopes', '/claims', '/told']);
  });
});

/** Each with what `validate` must name. */
const FAULTS: readonly (readonly [string, object, RegExp])[] = [
  ['a provider that does not exist', { AuthenticationOptions: { AuthenticationProviderKeys: ['Peeple'] } }, /Peeple/],
  ['a placeholder that no template has', { RouteClaimsRequirement: { sub: '{nobody}' } }, /\{nobody\}/],
  ['an instruction that cannot be read', { AddHeadersToRequest: { 'X-User': 'Claims[sub]' } }, /X-User/],
  [
    'a placeholder to change that is not there',
    { ChangeDownstreamPathTemplate: { room: 'Claims[room] > value' } },
    /room/,
  ],
  ['a period without a unit', { RateLimitOptions: { Limit: 1, Period: '5' } }, /Period/],
  ['a limit of nothing', { RateLimitOptions: { Limit: 0, Period: '1s' } }, /Limit/],
  ['a status that refuses nobody', { RateLimitOptions: { Limit: 1, StatusCode: 200 } }, /StatusCode/],
  [
    'limits of messages where bytes are not looked at',
    { Gateway: { Transfer: 'opaque', RateLimit: { Messages: { PerConnection: { PerSecond: 1 } } } } },
    /opaque/,
  ],
  [
    'something unknown to tell clients apart by',
    { RateLimitOptions: { Limit: 1 }, Gateway: { RateLimit: { By: ['shoe'] } } },
    /By/,
  ],
  ['a place that there is not', { ...guarded(), Gateway: { Authentication: { In: ['pocket'] } } }, /In\/0/],
  [
    'a close code that no endpoint may send',
    { ...guarded(), Gateway: { Authentication: { CloseCode: 1006 } } },
    /CloseCode/,
  ],
  ['a check of no such type', { Gateway: { Resilience: { HealthCheck: { Type: 'icmp' } } } }, /icmp/],
  ['a share above one', { Gateway: { Telemetry: { SampleRatio: 2 } } }, /SampleRatio/],
  ['a header that no header can be', { UpstreamHeaderTransform: { 'X A': 'b' } }, /X A/],
];

function guarded(): object {
  return { AuthenticationOptions: { AuthenticationProviderKeys: ['People'] } };
}

describe('validate', () => {
  it('names all of them, each with its place, to who mends what it names and asks again', async () => {
    const folder = await temporaryFolder();
    const file = join(folder.path, 'ocelot.json');
    const Providers = { People: { Type: 'Jwt', SecretEnv: 'TOKEN_SECRET', Audience: ['gateway'] } };
    const env = { TOKEN_SECRET: 'a-secret-of-these-tests-of-48-bytes-and-no-other' };
    let left = [...FAULTS];
    let code: number | null = 2;
    // The file itself first, then what each package says of its routes: a few rounds, not one for each fault.
    for (let round = 0; round < 4 && code === 2; round += 1) {
      const Routes = [route('/fine', 1), ...left.map(([, extra], index) => route(`/fault${index}`, 1, extra))];
      await writeFile(
        file,
        JSON.stringify({ Routes, GlobalConfiguration: { Gateway: { Authentication: { Providers } } } }),
      );
      const { stdout, stderr, code: ended } = await ocelot(['validate', file], { env });
      code = ended;
      const errors = `${stdout}\n${stderr}`.split(/(?=error: )/);
      left = left.filter(
        ([, , named], index) => !errors.some((line) => line.includes(`/Routes/${index + 1}`) && named.test(line)),
      );
    }
    await folder.remove();
    expect(left.map(([what]) => what)).toEqual([]);
    expect(code).toBe(0);
  });
});
