import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Clock, GatewayError, UpgradeRequest } from '@ocelot/core';
import { clientPeer, headerLines, headerValues, refusalBody, refusalHeaders } from '@ocelot/relay-kit';

import { Leg } from '../transfer/leg.js';
import type { BodyFraming } from './body-framing.js';
import type { AnswerBody, AskFirstMessage, ClientHandshake, Refusal } from './client-handshake.js';
import { ClientWatch } from './client-watch.js';
import { linger } from './linger.js';
import type { ResponseHead } from './response-head.js';
import type { SwitchingAnswer } from './switching-answer.js';
import { validateRequest } from './validate-request.js';

/** What `server.on('upgrade', …)` of node:http hands over. */
export interface ReceivedUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the request. */
  readonly head: Buffer;
}

/** A client that upgrades its connection (RFC 6455 §4, RFC 9110 §7.8): the connection is the leg. */
export class Http1Handshake implements ClientHandshake {
  readonly #request: IncomingMessage;
  readonly watch: ClientWatch;
  readonly #clock: Clock;

  /**
   * @param directIo See {@link WebSocketRelayOptions.directIo}.
   * @param gone Called once when the client leaves before its answer.
   */
  constructor(
    { request, socket, head }: ReceivedUpgrade,
    clock: Clock,
    directIo: boolean,
    gone: (error: GatewayError) => void,
  ) {
    this.#request = request;
    this.#clock = clock;
    this.watch = new ClientWatch(head, gone, (receiver) => new Leg(socket, receiver, directIo));
  }

  get leg(): Leg {
    return this.watch.leg;
  }

  readRequest(firstMessage: AskFirstMessage): UpgradeRequest {
    return validateRequest(this.#request, clientPeer(this.leg.socket), firstMessage);
  }

  accept({ acceptKey, headers }: SwitchingAnswer): void {
    this.leg.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${acceptKey}\r\n${headerLines(headers)}\r\n`,
      'latin1',
    );
  }

  /** What the client sent behind its request is thrown away unread. */
  refuse(refusal: Refusal): void {
    if (refusal.status === 0) {
      this.leg.destroy();
      return;
    }
    this.leg.write(refusalText(refusal));
    linger(this.leg, this.#clock);
  }

  relay(head: ResponseHead, headers: readonly string[], framing: BodyFraming): AnswerBody {
    const { leg } = this;
    const isChunked = framing.kind === 'chunked' || framing.kind === 'until-close';
    leg.write(answerHead(head, headers, framing, isChunked), 'latin1');
    return {
      write(content) {
        if (content.length === 0) return;
        if (isChunked) leg.write(`${content.length.toString(16)}\r\n`);
        leg.write(content);
        if (isChunked) leg.write('\r\n');
      },
      end: (isWhole) => {
        if (isChunked && isWhole) leg.write('0\r\n\r\n');
        linger(leg, this.#clock);
      },
    };
  }
}

/** The response as text: head and JSON body. */
function refusalText({ error, status, requestId }: Refusal): string {
  const body = refusalBody(error, status, requestId);
  // A sender of Upgrade names it in Connection (RFC 9110 §7.8): 426 does.
  const connection = 'Upgrade' in error.headers ? 'close, Upgrade' : 'close';
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\nConnection: ${connection}\r\n`;
  return `${head}${headerLines(refusalHeaders(error, body))}\r\n${body}`;
}

/** The connection ends behind every answer that is no 101: whatever came behind the request belongs to nobody. */
function answerHead(head: ResponseHead, headers: readonly string[], framing: BodyFraming, isChunked: boolean): string {
  const upgrade = head.status === 426 ? headerValues(head.rawHeaders, 'upgrade').join(', ') : '';
  return [
    `HTTP/1.1 ${head.status} ${head.reason === '' ? (STATUS_CODES[head.status] ?? '') : head.reason}\r\n`,
    headerLines(headers),
    framing.kind === 'length' ? `Content-Length: ${framing.bytes}\r\n` : '',
    framing.kind === 'none' && head.status !== 204 && head.status !== 304 ? 'Content-Length: 0\r\n' : '',
    isChunked ? 'Transfer-Encoding: chunked\r\n' : '',
    upgrade === '' ? 'Connection: close\r\n' : `Connection: close, Upgrade\r\nUpgrade: ${upgrade}\r\n`,
    '\r\n',
  ].join('');
}
