import {
  type Admission,
  type Cancellation,
  type Clock,
  type Endpoint,
  GatewayError,
  isGatewayError,
  type UpgradeRequest,
} from '@ocelot/core';
import {
  type BackendTlsStore,
  endpointName,
  headerValues,
  listElements,
  refusedWith,
  usesTls,
} from '@ocelot/relay-kit';

import { decidesOnMessages } from '../transfer/choose-mode.js';
import type { Leg } from '../transfer/leg.js';
import { compressesWith, deflateOffer } from './deflate-offer.js';
import { dial } from './dial.js';
import { readExtensions } from './extensions.js';
import { requestHead } from './request-head.js';
import { type ResponseHead, ResponseHeadReader } from './response-head.js';
import { type HandshakeOffer, validateSwitch } from './validate-response.js';

/** What connecting needs besides the admission. */
export interface ConnectOptions {
  readonly clock: Clock;
  readonly backendTls: BackendTlsStore;
  readonly directIo: boolean;
}

/** A client that was accepted before its backend: what it was told cannot be taken back. */
export interface ToldClient {
  readonly subprotocol: string | undefined;
}

/** A backend that answered: a validated 101, or its own refusal. The leg is paused; the caller attaches to it. */
export interface BackendAnswer {
  readonly leg: Leg;
  readonly endpoint: Endpoint;
  readonly head: ResponseHead;
  /** What came behind the head. */
  readonly rest: Buffer;
  /** Names of the extensions in use; undefined when the answer is not 101. */
  readonly extensions: readonly string[] | undefined;
}

/**
 * Steps 7 and 8: connects to the leased endpoint, sends the handshake and reads the answer; goes on to the next
 * endpoint when one cannot be reached, ends without an answer, or answers wrongly. Nothing has reached the client yet,
 * and a handshake is a GET, so asking another one is safe. A backend's own refusal is an answer, and another one is
 * asked only where the route says so of its status.
 * @param told What the client knows already; undefined: nothing yet.
 * @throws GatewayError of the last endpoint tried, or the reason of the cancellation.
 */
export async function connectBackend(
  admission: Admission<UpgradeRequest>,
  options: ConnectOptions,
  cancellation: Cancellation,
  told?: ToldClient,
): Promise<BackendAnswer> {
  for (;;) {
    try {
      const answer = await attempt(admission, options, cancellation, told);
      if (!mayRetry(admission, answer)) return answer;
      // Another one is asked, or this answer is as good as any.
      if (cancellation.aborted || admission.nextLease(refusedWith(answer.head.status)) === undefined) return answer;
      answer.leg.destroy();
    } catch (error) {
      const failure = isGatewayError(error)
        ? error
        : new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', { cause: error });
      if (cancellation.aborted || admission.nextLease(failure) === undefined) throw failure;
    }
  }
}

function mayRetry({ route }: Admission, { extensions, head }: BackendAnswer): boolean {
  return extensions === undefined && route.retryStatuses.includes(head.status);
}

async function attempt(
  admission: Admission<UpgradeRequest>,
  options: ConnectOptions,
  cancellation: Cancellation,
  told: ToldClient | undefined,
): Promise<BackendAnswer> {
  const { route, request } = admission;
  const { endpoint } = admission.lease;
  const tls = usesTls(route, endpoint, request) ? options.backendTls.of(route) : undefined;
  const leg = await dial(endpoint, {
    tls,
    connectMs: route.timeouts.connectMs,
    keepAliveMs: route.tcpKeepAliveMs,
    clock: options.clock,
    directIo: options.directIo,
    cancellation,
  });
  const answer = readAnswer(leg, endpoint, cancellation);
  const ownOffer = told === undefined ? extensionsOffer(admission) : '';
  leg.write(requestHead(admission, endpoint, tls !== undefined, ownOffer), 'latin1');
  const { head, rest } = await answer;
  if (head.status !== 101) return { leg, endpoint, head, rest, extensions: undefined };
  try {
    const extensions = validateSwitch(head, offerOf(admission, ownOffer));
    if (told !== undefined) assertSameProtocol(head, told);
    return { leg, endpoint, head, rest, extensions };
  } catch (error) {
    leg.destroy();
    throw error;
  }
}

/**
 * What is offered in place of the client's extensions; undefined: those go through. In messages mode extensions are
 * between the gateway and each side. Where messages are limited, none may change how large they are on the wire.
 */
function extensionsOffer({ taps, route }: Admission<UpgradeRequest>): string | undefined {
  if (!decidesOnMessages(taps)) return route.transfer === 'framed' && route.limits.maxMessageBytes > 0 ? '' : undefined;
  return compressesWith('backend', route.compression) ? deflateOffer(route.compression) : '';
}

/** @throws GatewayError BACKEND_HANDSHAKE_INVALID when client and backend would speak differently. */
function assertSameProtocol({ rawHeaders }: ResponseHead, { subprotocol }: ToldClient): void {
  const [selected] = headerValues(rawHeaders, 'sec-websocket-protocol');
  if (selected === subprotocol) return;
  const fault = 'the backend does not select the subprotocol that the client was told';
  throw new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', { details: { fault } });
}

/** What the request that was sent offers; a stage may have changed it. */
function offerOf({ outgoing, request }: Admission<UpgradeRequest>, ownOffer: string | undefined): HandshakeOffer {
  const { raw } = outgoing.headers;
  return {
    key: request.key,
    protocols: listElements(headerValues(raw, 'sec-websocket-protocol')),
    extensions: readExtensions(ownOffer === undefined ? headerValues(raw, 'sec-websocket-extensions') : [ownOffer]),
  };
}

function readAnswer(
  leg: Leg,
  endpoint: Endpoint,
  cancellation: Cancellation,
): Promise<{ readonly head: ResponseHead; readonly rest: Buffer }> {
  return new Promise((resolve, reject) => {
    const reader = new ResponseHeadReader();
    const fail = (error: unknown): void => {
      cancellation.removeEventListener('abort', abort);
      leg.destroy();
      reject(error);
    };
    const abort = (): void => fail(cancellation.reason);
    const lost = (cause?: Error): void =>
      fail(
        new GatewayError('OCELOT_ERR_BACKEND_LOST', {
          cause,
          details: { endpoint: endpointName(endpoint), reason: 'the connection ended before an answer' },
        }),
      );
    leg.attach({
      bytes(chunk) {
        try {
          const answer = reader.push(Buffer.from(chunk));
          if (answer === undefined) return;
          // The next owner attaches before anything else is read, but a stream may hold more chunks already.
          if (!leg.isDirect) leg.pause();
          cancellation.removeEventListener('abort', abort);
          leg.attach(HOLD);
          resolve(answer);
        } catch (error) {
          fail(error);
        }
      },
      drained() {},
      ended: lost,
      closed: lost,
    });
    if (cancellation.aborted) abort();
    else if (leg.isClosed) lost();
    else cancellation.addEventListener('abort', abort, { once: true });
  });
}

/** Between two owners, for the rest of one turn of the event loop: the leg is paused and remembers how it ended. */
const HOLD = { bytes(): void {}, drained(): void {}, ended(): void {}, closed(): void {} };
