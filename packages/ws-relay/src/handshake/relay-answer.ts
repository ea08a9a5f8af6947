import { STATUS_CODES } from 'node:http';

import type { Clock } from '@ocelot/core';

import type { Leg } from '../transfer/leg.js';
import { type BodyFraming, bodyFraming } from './body-framing.js';
import { ChunkedReader } from './chunked-reader.js';
import type { BackendAnswer } from './connect-backend.js';
import { endToEndHeaders, headerLines, headerValues } from '@ocelot/relay-kit';
import { linger } from './linger.js';
import type { ResponseHead } from './response-head.js';

/** How long a backend may take over the body of its refusal. */
const BODY_MS = 30_000;

/**
 * Passes a backend's refusal on as it is: status, reason, end-to-end headers, body; framed anew for this connection,
 * which ends behind it. A body that breaks off does not look complete: the client gets fewer bytes than announced, or
 * no last chunk.
 * @returns fulfilled with whether the body was whole, once nothing more will be written; never rejected.
 * @throws GatewayError BACKEND_HANDSHAKE_INVALID when the framing is ambiguous; then nothing was written.
 */
export function relayAnswer(client: Leg, answer: BackendAnswer, clock: Clock): Promise<boolean> {
  const framing = bodyFraming(answer.head);
  client.write(answerHead(answer.head, framing), 'latin1');
  return new Promise((resolve) => {
    const backend = answer.leg;
    const end = (isWhole: boolean): void => {
      timer.clear();
      // Nothing of the backend is heard any more: what still comes belongs to no answer.
      backend.attach({ bytes() {}, drained() {}, ended() {}, closed() {} });
      backend.destroy();
      linger(client, clock);
      resolve(isWhole);
    };
    const body = bodyWriter(client, framing);
    const timer = clock.setTimer(BODY_MS, () => end(false));
    const take = (chunk: Buffer): void => {
      try {
        if (body.push(chunk)) end(true);
        else if (client.bytesQueued > client.socket.writableHighWaterMark) backend.pause();
      } catch {
        end(false);
      }
    };
    client.attach({ bytes() {}, drained: () => backend.resume(), ended() {}, closed: () => end(false) });
    backend.attach({
      bytes: take,
      drained() {},
      ended: () => end(body.endOfStream()),
      closed: () => end(false),
    });
    if (framing.kind === 'none') end(true);
    else if (backend.isClosed || client.isClosed) end(false);
    else {
      if (answer.rest.length > 0) take(answer.rest);
      client.resume();
      backend.resume();
    }
  });
}

function answerHead(head: ResponseHead, framing: BodyFraming): string {
  const isChunked = framing.kind === 'chunked' || framing.kind === 'until-close';
  const upgrade = head.status === 426 ? headerValues(head.rawHeaders, 'upgrade').join(', ') : '';
  return [
    `HTTP/1.1 ${head.status} ${head.reason === '' ? (STATUS_CODES[head.status] ?? '') : head.reason}\r\n`,
    headerLines(endToEndHeaders(head.rawHeaders)),
    isChunked ? 'Transfer-Encoding: chunked\r\n' : '',
    upgrade === '' ? 'Connection: close\r\n' : `Connection: close, Upgrade\r\nUpgrade: ${upgrade}\r\n`,
    '\r\n',
  ].join('');
}

/** Writes a body of the given framing to the client. */
interface BodyWriter {
  /** @returns whether the body is complete. @throws Error when it is malformed. */
  push(chunk: Buffer): boolean;
  /** The backend ended. @returns whether that completes the body. */
  endOfStream(): boolean;
}

function bodyWriter(client: Leg, framing: BodyFraming): BodyWriter {
  if (framing.kind === 'length') return lengthWriter(client, framing.bytes);
  const writeChunk = (bytes: Buffer): void => {
    client.write(`${bytes.length.toString(16)}\r\n`);
    client.write(bytes);
    client.write('\r\n');
  };
  const writeLastChunk = (): true => {
    client.write('0\r\n\r\n');
    return true;
  };
  if (framing.kind === 'chunked') {
    const reader = new ChunkedReader(writeChunk);
    return { push: (chunk) => reader.push(chunk) && writeLastChunk(), endOfStream: () => false };
  }
  return {
    push(chunk) {
      if (chunk.length > 0) writeChunk(chunk);
      return false;
    },
    endOfStream: writeLastChunk,
  };
}

function lengthWriter(client: Leg, length: number): BodyWriter {
  let remaining = length;
  return {
    push(chunk) {
      const part = chunk.length > remaining ? chunk.subarray(0, remaining) : chunk;
      remaining -= part.length;
      client.write(part);
      return remaining === 0;
    },
    endOfStream: () => false,
  };
}
