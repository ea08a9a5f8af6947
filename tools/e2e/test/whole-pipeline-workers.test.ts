// Situation: sockets of authenticated users in two workers, with metrics.
// Action: a user is revoked once, on the control address; a worker dies and is replaced.
// Expected: the sockets of that user end in both workers, nobody lets the user in again, the replacement neither, and
//   the metrics are those of all.
import { type EchoBackend, echoBackend } from '@ocelot/test-support';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type Issuer, issuer } from '../src/issuer.js';
import { type RunningWorkers, runWorkers } from '../src/run-workers.js';
import { Refused, type Talker, talk } from '../src/talk.js';

const SOCKETS = 12;

let people: Issuer;
let service: EchoBackend;
let gateway: RunningWorkers;
let control: string;

beforeAll(async () => {
  [people, service] = await Promise.all([issuer(), echoBackend()]);
  const file = {
    Routes: [
      {
        Key: 'chat',
        UpstreamPathTemplate: '/room',
        DownstreamPathTemplate: '/room',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: service.port }],
        AuthenticationOptions: { AuthenticationProviderKeys: ['People'] },
      },
    ],
    GlobalConfiguration: {
      Gateway: {
        Admin: { Port: 0 },
        Authentication: { Providers: { People: { Type: 'Jwt', JwksUrl: people.jwksUrl, Audience: ['gateway'] } } },
        Telemetry: { Prometheus: true },
      },
    },
  };
  gateway = await runWorkers(file, 2);
  control = String((await gateway.log(({ msg }) => msg === 'control address open'))['url']);
});

afterAll(async () => {
  expect(await gateway.end()).toEqual([]);
  await Promise.all([people.close(), service.close()]);
});

function enter(sub: string): Promise<Talker> {
  const headers = { authorization: `Bearer ${people.token({ sub })}` };
  return talk(`ws://${gateway.authority}/room`, { headers });
}

/** Whom each of several attempts meets: 101, or the status of the refusal. */
async function attempts(sub: string): Promise<ReadonlySet<number>> {
  const statuses = new Set<number>();
  for (let index = 0; index < SOCKETS; index += 1) {
    try {
      await (await enter(sub)).close();
      statuses.add(101);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      statuses.add(error.status);
    }
  }
  return statuses;
}

/** The sum of all samples of a metric with these labels. */
async function metric(name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`${control}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(name) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

it('ends the sockets of a revoked user in every worker, and shows the metrics of all', async () => {
  const sockets: Talker[] = [];
  for (let index = 0; index < SOCKETS; index += 1) sockets.push(await enter('fred'));
  const other = await enter('carol');
  expect(await metric('ocelot_websocket_connections', 'chat')).toBe(SOCKETS + 1);

  const body = JSON.stringify({ subject: 'fred' });
  const answer = await fetch(`${control}/auth/revocations`, { method: 'POST', body });
  expect(await answer.json()).toMatchObject({ closed: SOCKETS });
  const codes = await Promise.all(sockets.map(async ({ closed }) => (await closed).code));
  expect(new Set(codes)).toEqual(new Set([4401]));
  expect(await attempts('fred')).toEqual(new Set([401]));
  expect(await other.ask('still here')).toBe('still here');
  await other.close();
});

it('tells a worker that takes the place of another whom not to let in, before its port opens', async () => {
  process.kill(gateway.pidOf(1), 'SIGKILL');
  await gateway.log(({ msg }) => msg === 'control calls of the past were repeated');
  expect(await attempts('fred')).toEqual(new Set([401]));
  expect(await attempts('carol')).toEqual(new Set([101]));
});
