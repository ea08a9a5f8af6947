import type { Admission, Clock, UpgradeRequest } from '@ocelot/core';
import { endToEndHeaders, isHopByHop } from '@ocelot/relay-kit';

import { type BodyFraming, bodyFraming } from './body-framing.js';
import { ChunkedReader } from './chunked-reader.js';
import type { AnswerBody, ClientHandshake } from './client-handshake.js';
import type { BackendAnswer } from './connect-backend.js';
import type { ResponseHead } from './response-head.js';

/** How long a backend may take over the body of its refusal. */
const BODY_MS = 30_000;

/**
 * Passes a backend's refusal on as it is: status, reason, end-to-end headers, body; framed anew for the client, whose
 * connection or stream ends behind it. A body that breaks off does not look complete.
 * @returns fulfilled with whether the body was whole, once nothing more will be written; never rejected.
 * @throws GatewayError BACKEND_HANDSHAKE_INVALID when the framing is ambiguous, or the client cannot be answered so;
 *   then nothing was written.
 */
export function relayAnswer(
  admission: Admission<UpgradeRequest>,
  client: ClientHandshake,
  answer: BackendAnswer,
  clock: Clock,
): Promise<boolean> {
  const framing = bodyFraming(answer.head);
  const body = client.relay(answer.head, answerHeaders(admission, answer.head), framing);
  return new Promise((resolve) => {
    const backend = answer.leg;
    const { leg } = client;
    const end = (isWhole: boolean): void => {
      timer.clear();
      // Nothing of the backend is heard any more: what still comes belongs to no answer.
      backend.attach({ bytes() {}, drained() {}, ended() {}, closed() {} });
      backend.destroy();
      body.end(isWhole);
      resolve(isWhole);
    };
    const reader = bodyReader(body, framing);
    const timer = clock.setTimer(BODY_MS, () => end(false));
    const take = (chunk: Buffer): void => {
      try {
        if (reader.push(chunk)) end(true);
        else if (leg.bytesQueued > leg.socket.writableHighWaterMark) backend.pause();
      } catch {
        end(false);
      }
    };
    leg.attach({ bytes() {}, drained: () => backend.resume(), ended() {}, closed: () => end(false) });
    backend.attach({
      bytes: take,
      drained() {},
      ended: () => end(reader.endOfStream()),
      closed: () => end(false),
    });
    if (framing.kind === 'none') end(true);
    else if (backend.isClosed || leg.isClosed) end(false);
    else {
      if (answer.rest.length > 0) take(answer.rest);
      leg.resume();
      backend.resume();
    }
  });
}

/** What stages make of the backend's headers; how the answer is framed is the relay's alone. */
function answerHeaders(admission: Admission<UpgradeRequest>, head: ResponseHead): readonly string[] {
  const headers = admission.answerHeaders(head.status, endToEndHeaders(head.rawHeaders));
  return headers.filter((_, index) => {
    const name = (headers[index & ~1] ?? '').toLowerCase();
    return name !== 'content-length' && !isHopByHop(name);
  });
}

/** Reads a body of the given framing, its content into the client's answer. */
interface BodyReader {
  /** @returns whether the body is complete. @throws Error when it is malformed. */
  push(chunk: Buffer): boolean;
  /** The backend ended. @returns whether that completes the body. */
  endOfStream(): boolean;
}

function bodyReader(body: AnswerBody, framing: BodyFraming): BodyReader {
  if (framing.kind === 'length') return lengthReader(body, framing.bytes);
  if (framing.kind === 'chunked') {
    const reader = new ChunkedReader((content) => body.write(content));
    return { push: (chunk) => reader.push(chunk), endOfStream: () => false };
  }
  return {
    push(chunk) {
      body.write(chunk);
      return false;
    },
    endOfStream: () => true,
  };
}

function lengthReader(body: AnswerBody, length: number): BodyReader {
  let remaining = length;
  return {
    push(chunk) {
      const part = chunk.length > remaining ? chunk.subarray(0, remaining) : chunk;
      remaining -= part.length;
      body.write(part);
      return remaining === 0;
    },
    endOfStream: () => false,
  };
}
