import type { GatewayError } from '@ocelot/core';
import { refusalBody, refusalHeaders } from '@ocelot/relay-kit';

import type { AnswerWriter } from './answer-writer.js';

/** What a refusal says beside its error. */
export interface Refusal {
  readonly error: GatewayError;
  /** The status to answer with; 0 answers nothing, because nobody is there to read. */
  readonly status: number;
  /** The exchange's id, on the log line too; undefined before there was one. */
  readonly requestId: string | undefined;
  /** Whether the connection ends behind it; it does anyway when the body of the request was not read. */
  readonly isLast: boolean;
}

/** Answers a request with a refusal of the gateway's own, in the form that refused upgrades have. */
export function refuse(answer: AnswerWriter, { error, status, requestId, isLast }: Refusal): void {
  if (status === 0 || answer.isBegun) {
    answer.cut();
    return;
  }
  const body = refusalBody(error, status, requestId);
  const rawHeaders = refusalHeaders(error, body);
  answer.head({ status, reason: '', rawHeaders, upgrade: '', trailer: '', isLast });
  answer.write(body);
  answer.endOwn();
}
