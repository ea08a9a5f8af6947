import {
  type Admission,
  type Clock,
  type Gateway,
  GatewayError,
  isGatewayError,
  type UpgradeRequest,
} from '@ocelot/core';
import { logRefusal } from '@ocelot/relay-kit';

import type { BackendTlsStore } from '@ocelot/relay-kit';
import type { ClientHandshake } from './handshake/client-handshake.js';
import { type BackendAnswer, connectBackend } from './handshake/connect-backend.js';
import { HandshakeAbort } from './handshake/handshake-abort.js';
import { HandshakeDeadline } from './handshake/handshake-deadline.js';
import type { PendingHandshakes } from './handshake/pending-handshakes.js';
import { relayAnswer } from './handshake/relay-answer.js';
import { switchingAnswer } from './handshake/switching-answer.js';
import { Tunnel } from './session.js';
import { logRelayedRefusal, logSession } from './session-log.js';
import type { TimerWheel } from './timer-wheel.js';
import { decidesOnMessages } from './transfer/choose-mode.js';
import { agreeOnCompression } from './transfer/compressed-legs.js';

/** What every upgrade of one gateway shares. */
export interface UpgradeContext {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: () => number;
  readonly handshakeMs: number;
  readonly pending: PendingHandshakes;
  readonly backendTls: BackendTlsStore;
  readonly directIo: boolean;
}

/** Takes a client over, error listener first. @param gone Called once when it leaves before its answer. */
export type TakeClient = (gone: (error: GatewayError) => void) => ClientHandshake;

/**
 * Takes one upgrade from its request to the end of its handshake; the session lives on by itself. Never throws: every
 * failure becomes an answer or, when nobody is there to read it, a closed socket. Step numbers are those of
 * docs/architecture/life-of-an-upgrade.md.
 */
export async function handleUpgrade(context: UpgradeContext, takeClient: TakeClient): Promise<void> {
  // Step 1: errors are heard before anything else happens; the client is watched; the clock runs.
  const abort = new HandshakeAbort();
  const client = takeClient((error) => abort.abort(error));
  const deadline = new HandshakeDeadline(context.clock, context.handshakeMs, abort);
  let admission: Admission<UpgradeRequest> | undefined;
  context.pending.begin();
  try {
    context.pending.assertRoom();
    // Step 2
    const upgrade = client.readRequest();
    // Steps 3 to 6 are core's.
    admission = await context.gateway.admit(upgrade, abort);
    deadline.admitted(admission.route.timeouts.handshakeMs);
    // Steps 7 and 8
    const answer = await connectBackend(admission, context, abort);
    if (abort.aborted) {
      answer.leg.destroy();
      throw abort.reason;
    }
    deadline.clear();
    if (answer.extensions === undefined) await passRefusal(context, admission, client, answer);
    else open(context, admission, client, answer, answer.extensions);
  } catch (error) {
    fail(context, admission, client, deadline, error);
  } finally {
    context.pending.end();
  }
}

/** Steps 9 and 10: the 101 goes out, early bytes first; from here there are close codes, and no status any more. */
function open(
  context: UpgradeContext,
  admission: Admission<UpgradeRequest>,
  client: ClientHandshake,
  answer: BackendAnswer,
  extensions: readonly string[],
): void {
  const { gateway, clock, wheel, random } = context;
  const { id, route } = admission;
  const { leg: backend, endpoint, rest } = answer;
  client.leg.tune(route.tcpKeepAliveMs);
  const compression = decidesOnMessages(admission.taps) ? agreeOnCompression(admission, answer.head) : undefined;
  client.accept(switchingAnswer(admission, answer.head, compression?.answer));
  const session = new Tunnel({
    id,
    route,
    endpoint,
    client: client.leg,
    backend,
    extensions,
    exchange: admission,
    taps: admission.taps,
    compressed: compression?.legs,
    clock,
    wheel,
    random,
  });
  // Step 13, once both sockets are gone; `closed` is never rejected.
  void session.closed.then((summary) => {
    compression?.dispose();
    logSession(gateway.log, summary, session.fault);
    gateway.record({ type: 'session.closed', summary });
    admission.finish({ outcome: 'completed' });
  });
  admission.opened();
  gateway.record({ type: 'session.opened', exchangeId: id, routeId: route.id });
  session.start(client.early(), rest);
  gateway.adopt(session);
}

/** The backend's own refusal is an answer: the client gets it as it is. */
async function passRefusal(
  context: UpgradeContext,
  admission: Admission<UpgradeRequest>,
  client: ClientHandshake,
  answer: BackendAnswer,
): Promise<void> {
  let isWhole: Promise<boolean>;
  try {
    isWhole = relayAnswer(admission, client, answer, context.clock);
  } catch (error) {
    answer.leg.destroy();
    throw error;
  }
  logRelayedRefusal(admission, answer, await isWhole);
  context.gateway.record({
    type: 'upgrade.refused',
    exchangeId: admission.id,
    routeId: admission.route.id,
    errorCode: undefined,
    status: answer.head.status,
  });
  admission.finish({ outcome: 'completed' });
}

/** Answers a handshake that failed, and tells of it once. */
function fail(
  context: UpgradeContext,
  admission: Admission<UpgradeRequest> | undefined,
  client: ClientHandshake,
  deadline: HandshakeDeadline,
  thrown: unknown,
): void {
  deadline.clear();
  const { gateway } = context;
  const error = isGatewayError(thrown) ? thrown : new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: thrown });
  const status = gateway.statusOf(error);
  const exchangeId = admission?.id ?? text(error.details['exchangeId']);
  const routeId = admission?.route.id ?? text(error.details['routeId']);
  client.refuse({ error, status, requestId: exchangeId });
  const log = admission?.log ?? gateway.log.child({ exchange: exchangeId, route: routeId });
  logRefusal(log, 'upgrade refused', error, status, admission?.lease.endpoint);
  gateway.record({ type: 'upgrade.refused', exchangeId: exchangeId ?? '', routeId, errorCode: error.code, status });
  admission?.finish({ outcome: 'refused', error });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
