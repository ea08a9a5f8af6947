import type { Http2ServerRequest, OutgoingHttpHeaders } from 'node:http2';

import { type Clock, GatewayError, type UpgradeRequest } from '@ocelot/core';
import { clientPeer, http2Headers, refusalBody, refusalHeaders } from '@ocelot/relay-kit';

import { StreamLeg } from '../transfer/stream-leg.js';
import { acceptKey } from './accept-key.js';
import type { BodyFraming } from './body-framing.js';
import type { AnswerBody, AskFirstMessage, ClientHandshake, Refusal } from './client-handshake.js';
import { ClientWatch } from './client-watch.js';
import { linger } from './linger.js';
import { invalidHandshake } from './offered-handshake.js';
import type { ResponseHead } from './response-head.js';
import type { SwitchingAnswer } from './switching-answer.js';
import { validateConnect } from './validate-connect.js';

const OK = 200;
const INTERNAL_ERROR = 500;

/**
 * A client that asks for a WebSocket by extended CONNECT (RFC 8441): a stream is the leg, and its connection goes on
 * whatever becomes of it.
 */
export class Http2Handshake implements ClientHandshake {
  readonly #request: Http2ServerRequest;
  readonly watch: ClientWatch<StreamLeg>;
  readonly #clock: Clock;

  /** @param gone Called once when the client leaves before its answer. */
  constructor(request: Http2ServerRequest, clock: Clock, gone: (error: GatewayError) => void) {
    this.#request = request;
    this.#clock = clock;
    this.watch = new ClientWatch(undefined, gone, (receiver) => new StreamLeg(request.stream, receiver));
  }

  get leg(): StreamLeg {
    return this.watch.leg;
  }

  readRequest(firstMessage: AskFirstMessage): UpgradeRequest {
    const { stream, rawHeaders } = this.#request;
    if (!this.leg.canRespond) throw new GatewayError('OCELOT_ERR_CLIENT_GONE');
    if (stream.endAfterHeaders) throw invalidHandshake('The stream of a WebSocket stays open behind its request.');
    return validateConnect(rawHeaders, clientPeer(stream.session?.socket ?? {}), firstMessage);
  }

  /**
   * RFC 8441 §5: 200 says what 101 says. The key of a client that sent one needs no answer there, but undici before 8.12,
   * which is the `WebSocket` of Node 26.10, insists on it.
   */
  accept({ headers }: SwitchingAnswer): void {
    if (!this.leg.canRespond) return;
    const key = this.#request.headers['sec-websocket-key'];
    const accept = typeof key === 'string' ? ['sec-websocket-accept', acceptKey(key)] : [];
    this.leg.respond(answerOf(OK, [...headers, ...accept]), false);
  }

  refuse({ error, status, requestId }: Refusal): void {
    const { leg } = this;
    if (status === 0 || !leg.canRespond) {
      leg.destroy();
      return;
    }
    const answered = isAnswer(status) ? status : INTERNAL_ERROR;
    const body = refusalBody(error, answered, requestId);
    leg.respond(answerOf(answered, refusalHeaders(error, body)), false);
    leg.write(body);
    linger(leg, this.#clock);
  }

  relay({ status }: ResponseHead, headers: readonly string[], framing: BodyFraming): AnswerBody {
    if (!isAnswer(status)) throw unfit(status);
    const { leg } = this;
    const length = framing.kind === 'length' ? ['content-length', String(framing.bytes)] : [];
    if (leg.canRespond) leg.respond(answerOf(status, [...headers, ...length]), framing.kind === 'none');
    return {
      write: (content) => void leg.write(content),
      end: (isWhole) => {
        if (isWhole) linger(leg, this.#clock);
        else leg.destroy();
      },
    };
  }
}

/** To a CONNECT every 2xx says that the tunnel stands (RFC 9110 §9.3.6): the client would take the body for frames. */
function isAnswer(status: number): boolean {
  return status >= 300 && status <= 599;
}

function unfit(status: number): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_HANDSHAKE_INVALID', {
    details: { fault: `the backend answers ${status}, which cannot be told to a client over HTTP/2` },
  });
}

function answerOf(status: number, rawHeaders: readonly string[]): OutgoingHttpHeaders {
  return { ':status': status, ...http2Headers(rawHeaders) };
}
