import type { Admission, ErrorCode, Logger, SessionSummary, UpgradeRequest } from '@ocelot/core';
import { endpointName, type FurtherIds } from '@ocelot/relay-kit';

import type { BackendAnswer } from './handshake/connect-backend.js';
import type { Fault } from './transfer/transfer.js';

/** A plugin threw: whoever runs the gateway has to look. */
const OURS: ReadonlySet<ErrorCode> = new Set(['OCELOT_ERR_HOOK_FAILED', 'OCELOT_ERR_STAGE_FAILED']);

/**
 * The one line of a connection, written at its end. Clients that leave are no errors: they are told at info. `log` is
 * the gateway's: a logger of its own for one line would cost more than the line.
 * @param ids of the exchange, beside its own.
 */
export function logSession(log: Logger, ids: FurtherIds, summary: SessionSummary, fault: Fault | undefined): void {
  const { error } = fault ?? {};
  const fields = {
    ...error?.details,
    exchange: summary.exchangeId,
    route: summary.routeId,
    ...ids,
    endpoint: endpointName(summary.endpoint),
    durationMs: Math.round(summary.durationMs),
    bytesFromClient: summary.fromClient.bytes,
    bytesFromBackend: summary.fromBackend.bytes,
    messagesFromClient: summary.fromClient.messages,
    messagesFromBackend: summary.fromBackend.messages,
    closedBy: summary.closedBy,
    closeCode: summary.closeCode,
    closeReason: summary.closeReason,
    code: summary.errorCode,
    fault: fault?.what,
    blame: error?.source,
    cause: error?.cause instanceof Error ? error.cause.message : error?.cause,
  };
  const isBackendsFault = summary.closedBy === 'backend' && summary.errorCode !== undefined;
  const isNoClientsFault = error !== undefined && error.source !== 'client';
  if (summary.errorCode !== undefined && OURS.has(summary.errorCode))
    log.error({ ...fields, err: fault?.cause }, 'session closed');
  else if (isBackendsFault || isNoClientsFault) log.warn(fields, 'session closed');
  else log.info(fields, 'session closed');
}

/**
 * The one line of an upgrade that the backend itself refused.
 * @param told What became of the answer: whether all of it was passed on, or the Close that a client got for it.
 */
export function logRelayedRefusal(
  admission: Admission<UpgradeRequest>,
  answer: BackendAnswer,
  told: { readonly whole: boolean } | { readonly closeCode: number },
): void {
  admission.log.info(
    { endpoint: endpointName(answer.endpoint), status: answer.head.status, ...told },
    'backend refused the upgrade',
  );
}
