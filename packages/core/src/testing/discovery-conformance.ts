import type { Endpoint } from '../contracts/endpoint.js';
import { check, type ConformanceCase } from './conformance-case.js';
import { type DiscoveryConformanceOptions, DiscoveryStand } from './discovery-stand.js';
import { ObserverLog } from './observer-log.js';

const A = { host: '127.0.0.1', port: 7001 };
const B = { host: '127.0.0.1', port: 7002 };
const C = { host: '127.0.0.1', port: 7003 };

/**
 * What the gateway relies on in every {@link ServiceDiscoveryProvider}, as cases for any test runner.
 *
 * @example
 * for (const { name, run } of discoveryConformance({ createProvider, setInstances })) it(name, run);
 */
export function discoveryConformance(options: DiscoveryConformanceOptions): readonly ConformanceCase[] {
  const canBreak = options.breakRegistry !== undefined && options.mendRegistry !== undefined;
  return [...REQUIREMENTS, ...(canBreak ? OUTAGE_REQUIREMENTS : [])].map(([name, body], index) => ({
    name,
    run: async () => {
      const stand = new DiscoveryStand(await options.createProvider(), options, `conformance-${index}`);
      try {
        await body(stand);
      } finally {
        await stand.close();
      }
    },
  }));
}

type Requirement = readonly [name: string, body: (stand: DiscoveryStand) => Promise<void>];

const REQUIREMENTS: readonly Requirement[] = [
  ['delivers the instances that are there, after subscribe has returned', deliversFirstSet],
  ['delivers complete, usable endpoints', deliversCompleteEndpoints],
  ['says that a service without instances has none', deliversEmptySet],
  ['delivers the whole set again when instances come and go', deliversChanges],
  ['delivers an empty set when the last instance leaves', deliversLastDeparture],
  ['keeps services apart', keepsServicesApart],
  ['serves two subscriptions to one service independently', servesTwoSubscriptions],
  ['is silent after unsubscribe, which may be called twice', isSilentAfterUnsubscribe],
  ['is silent when unsubscribed before the first answer', isSilentWhenUnsubscribedAtOnce],
  ['lets the observer unsubscribe while it is being told', allowsUnsubscribeFromObserver],
  ['is silent after close, also with a subscription left open', isSilentAfterClose],
];

const OUTAGE_REQUIREMENTS: readonly Requirement[] = [
  ['keeps the last set, tells of the failure and recovers from an outage', survivesOutage],
  ['subscribes during an outage and delivers once it is over', subscribesDuringOutage],
];

async function deliversFirstSet(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A, B]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  check(log.calls === 0, 'the observer was called before subscribe returned');
  await stand.waitForSet(log, [A, B]);
}

async function deliversCompleteEndpoints(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A]);
  for (const endpoint of log.sets.at(-1) ?? []) checkComplete(endpoint);
}

function checkComplete(endpoint: Endpoint): void {
  const seen = JSON.stringify(endpoint);
  check(Number.isInteger(endpoint.port) && endpoint.port > 0 && endpoint.port < 65_536, `port of ${seen}`);
  check(Number.isFinite(endpoint.weight) && endpoint.weight >= 0, `weight of ${seen} is no number of 0 or more`);
  check(Array.isArray(endpoint.tags), `tags of ${seen} is no array`);
  check(typeof endpoint.metadata === 'object' && endpoint.metadata !== null, `metadata of ${seen} is no object`);
}

async function deliversEmptySet(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, []);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, []);
}

async function deliversChanges(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A]);
  const first = log.sets.at(-1);
  await stand.options.setInstances(service, [A, B, C]);
  await stand.waitForSet(log, [A, B, C]);
  await stand.options.setInstances(service, [C]);
  await stand.waitForSet(log, [C]);
  check(first?.length === 1, 'a set that was delivered before has been changed afterwards');
}

async function deliversLastDeparture(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A]);
  await stand.options.setInstances(service, []);
  await stand.waitForSet(log, []);
}

async function keepsServicesApart(stand: DiscoveryStand): Promise<void> {
  const services = ['-one', '-two'].map((suffix) => ({ ref: stand.service(suffix), log: new ObserverLog() }));
  const [one, two] = services;
  check(one !== undefined && two !== undefined, 'two services');
  await stand.options.setInstances(one.ref, [A]);
  await stand.options.setInstances(two.ref, [B]);
  for (const { ref, log } of services) stand.provider.subscribe(ref, log);
  await stand.waitForSet(one.log, [A]);
  await stand.waitForSet(two.log, [B]);
  await stand.options.setInstances(two.ref, [B, C]);
  await stand.waitForSet(two.log, [B, C]);
  check(one.log.holds([`${A.host}:${A.port}`]), 'a change of one service changed the other');
}

async function servesTwoSubscriptions(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const leaving = new ObserverLog();
  const staying = new ObserverLog();
  const subscription = stand.provider.subscribe(service, leaving);
  stand.provider.subscribe(service, staying);
  await stand.waitForSet(leaving, [A]);
  await stand.waitForSet(staying, [A]);
  subscription.unsubscribe();
  await stand.options.setInstances(service, [A, B]);
  await stand.waitForSet(staying, [A, B]);
  check(leaving.holds([`${A.host}:${A.port}`]), 'the observer was called after unsubscribe');
}

async function isSilentAfterUnsubscribe(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  const subscription = stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A]);
  subscription.unsubscribe();
  subscription.unsubscribe();
  await stand.checkSilence(log, 'after unsubscribe', () => stand.options.setInstances(service, [B]));
}

async function isSilentWhenUnsubscribedAtOnce(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log).unsubscribe();
  await stand.checkSilence(log, 'although it was unsubscribed at once');
}

async function allowsUnsubscribeFromObserver(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  const subscription = stand.provider.subscribe(service, log);
  log.onCall = () => subscription.unsubscribe();
  await stand.waitForSet(log, [A]);
  await stand.checkSilence(log, 'after it had unsubscribed itself', () => stand.options.setInstances(service, [B]));
}

async function isSilentAfterClose(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A]);
  await stand.close();
  await stand.checkSilence(log, 'after close', () => stand.options.setInstances(service, [B]));
}

async function survivesOutage(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A, B]);
  const log = new ObserverLog();
  stand.provider.subscribe(service, log);
  await stand.waitForSet(log, [A, B]);
  const setsBefore = log.sets.length;
  await stand.options.breakRegistry?.();
  try {
    await stand.waitFor('two failures told, for the provider goes on trying', () => log.errors.length >= 2);
    check(log.holds([A, B].map(({ host, port }) => `${host}:${port}`)), 'the last set was given up in an outage');
    check(
      log.errors.every((error) => error instanceof Error && error.message !== ''),
      'a failure was told without an Error that says why',
    );
  } finally {
    await stand.options.mendRegistry?.();
  }
  await stand.waitFor('a set after the outage, so that the observer learns of its end', () => {
    return log.sets.length > setsBefore;
  });
  await stand.options.setInstances(service, [A, C]);
  await stand.waitForSet(log, [A, C]);
}

async function subscribesDuringOutage(stand: DiscoveryStand): Promise<void> {
  const service = stand.service();
  await stand.options.setInstances(service, [A]);
  const log = new ObserverLog();
  await stand.options.breakRegistry?.();
  try {
    stand.provider.subscribe(service, log);
    check(log.calls === 0, 'the observer was called before subscribe returned');
    await stand.waitFor('a failure told', () => log.errors.length > 0);
    check(log.sets.length === 0, 'a set was delivered that the registry cannot have given');
  } finally {
    await stand.options.mendRegistry?.();
  }
  await stand.waitForSet(log, [A]);
}
