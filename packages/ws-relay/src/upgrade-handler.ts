import {
  type Admission,
  type Clock,
  type Gateway,
  GatewayError,
  isGatewayError,
  type UpgradeRequest,
} from '@ocelot/core';
import { furtherIds, logRefusal } from '@ocelot/relay-kit';

import type { BackendTlsStore } from '@ocelot/relay-kit';
import { closeCodeOfStatus, closeStatusOf } from './close-status.js';
import type { ClientHandshake } from './handshake/client-handshake.js';
import { type BackendAnswer, connectBackend } from './handshake/connect-backend.js';
import type { EarlyAccept } from './handshake/early-accept.js';
import { FirstMessageCall } from './handshake/first-message-call.js';
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
  const { clock, gateway, wheel } = context;
  const abort = new HandshakeAbort();
  const client = takeClient((error) => abort.abort(error));
  const deadline = new HandshakeDeadline(clock, context.handshakeMs, abort);
  const firstMessage = new FirstMessageCall({ client, gateway, clock, wheel, abort, deadline });
  const handshake: Handshake = { client, deadline, firstMessage, request: undefined, admission: undefined };
  context.pending.begin();
  try {
    context.pending.assertRoom();
    // Step 2
    const request = client.readRequest(firstMessage.ask);
    handshake.request = request;
    firstMessage.belongsTo(request);
    // Steps 3 to 6 are core's.
    const admission = await gateway.admit(request, abort);
    handshake.admission = admission;
    const { accepted } = firstMessage;
    accepted?.assertHeard();
    deadline.admitted(admission.route.timeouts.handshakeMs);
    // Steps 7 and 8
    const answer = await connectBackend(admission, context, abort, accepted);
    if (abort.aborted) {
      answer.leg.destroy();
      throw abort.reason;
    }
    deadline.clear();
    if (answer.extensions !== undefined) open(context, admission, handshake, answer, answer.extensions);
    else if (accepted === undefined) await passRefusal(context, admission, client, answer);
    else tellRefusal(context, admission, accepted, answer);
  } catch (error) {
    fail(context, handshake, error);
  } finally {
    firstMessage.over();
    context.pending.end();
  }
}

/** One upgrade on its way, as far as it has come. */
interface Handshake {
  readonly client: ClientHandshake;
  readonly deadline: HandshakeDeadline;
  readonly firstMessage: FirstMessageCall;
  request: UpgradeRequest | undefined;
  admission: Admission<UpgradeRequest> | undefined;
}

/** Steps 9 and 10: the 101 goes out, early bytes first; from here there are close codes, and no status any more. */
function open(
  context: UpgradeContext,
  admission: Admission<UpgradeRequest>,
  { client, deadline, firstMessage: { accepted } }: Handshake,
  answer: BackendAnswer,
  extensions: readonly string[],
): void {
  const { gateway, clock, wheel, random } = context;
  const { id, route } = admission;
  const { leg: backend, endpoint, rest } = answer;
  client.leg.tune(route.tcpKeepAliveMs);
  // Nothing was agreed on with a client that was accepted early.
  const compresses = accepted === undefined && decidesOnMessages(admission.taps);
  const compression = compresses ? agreeOnCompression(admission, answer.head) : undefined;
  const switching = switchingAnswer(admission, answer.head, compression?.answer);
  if (accepted === undefined) client.accept(switching);
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
    logSession(gateway.log, furtherIds(admission), summary, session.fault);
    gateway.record({ type: 'session.closed', summary });
    admission.finish({ outcome: 'completed' });
  });
  gateway.record({
    type: 'session.opened',
    exchangeId: id,
    routeId: route.id,
    session,
    endpoint,
    subprotocol: switching.subprotocol,
    handshakeMs: deadline.elapsedMs,
  });
  // Before any byte moves: who is told may end the session at once.
  admission.opened(session);
  session.start(client.watch.early, rest);
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
  logRelayedRefusal(admission, answer, { whole: await isWhole });
  endRefused(context, admission, answer);
}

/** The same for a client that was accepted already: a Close says what can still be said of it. */
function tellRefusal(
  context: UpgradeContext,
  admission: Admission<UpgradeRequest>,
  accepted: EarlyAccept,
  answer: BackendAnswer,
): void {
  const { status } = answer.head;
  answer.leg.destroy();
  const code = closeCodeOfStatus(status);
  accepted.close({ code, reason: `The backend refused the connection with status ${status}.` });
  // Nobody reads them, but the way to the endpoint has ended.
  admission.answerHeaders(status, []);
  logRelayedRefusal(admission, answer, { closeCode: code });
  endRefused(context, admission, answer);
}

function endRefused({ gateway }: UpgradeContext, admission: Admission<UpgradeRequest>, answer: BackendAnswer): void {
  gateway.record({
    type: 'upgrade.refused',
    exchangeId: admission.id,
    routeId: admission.route.id,
    request: admission.request,
    errorCode: undefined,
    status: answer.head.status,
  });
  admission.finish({ outcome: 'completed' });
}

/** Answers a handshake that failed, and tells of it once. */
function fail({ gateway }: UpgradeContext, handshake: Handshake, thrown: unknown): void {
  const { client, deadline, firstMessage, request, admission } = handshake;
  const { accepted } = firstMessage;
  deadline.clear();
  const given = isGatewayError(thrown) ? thrown : new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: thrown });
  const error = admission?.refusal(given) ?? given;
  const status = gateway.statusOf(error);
  const exchangeId = admission?.id ?? text(error.details['exchangeId']);
  const routeId = admission?.route.id ?? text(error.details['routeId']);
  if (accepted === undefined) client.refuse({ error, status, requestId: exchangeId });
  else accepted.refuse(error);
  const log = admission?.log ?? gateway.log.child({ exchange: exchangeId, route: routeId });
  const isTold = accepted !== undefined && error.code !== 'OCELOT_ERR_CLIENT_GONE';
  const closeCode = isTold ? closeStatusOf(error).code : undefined;
  logRefusal(log, 'upgrade refused', { error, status, endpoint: admission?.lease.endpoint, closeCode });
  gateway.record({
    type: 'upgrade.refused',
    exchangeId: exchangeId ?? '',
    routeId,
    request,
    errorCode: error.code,
    status,
  });
  admission?.finish({ outcome: 'refused', error });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
