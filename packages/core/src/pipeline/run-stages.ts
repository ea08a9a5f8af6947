import type { Cancellation, Exchange } from '../contracts/exchange.js';
import type { Stage } from '../contracts/stage.js';
import { GatewayError, isGatewayError } from '../errors/gateway-error.js';

/** A stage of one route, ready to run. */
export interface BoundStage {
  readonly name: string;
  readonly run: Stage;
}

/**
 * Runs the stages of a route in order. Synchronous until one returns a promise, so that a route without asynchronous
 * stages costs no microtask.
 * @returns a promise as soon as one stage is asynchronous, else undefined.
 * @throws GatewayError what a stage refused with; STAGE_FAILED for anything else that a stage threw.
 */
export function runStages(stages: readonly BoundStage[], exchange: Exchange): Promise<void> | undefined {
  for (let index = 0; index < stages.length; index++) {
    const stage = stages[index];
    if (stage === undefined) continue;
    const pending = runStage(stage, exchange);
    if (pending !== undefined) return continueAfter(pending, stages, index, exchange);
  }
  return undefined;
}

async function continueAfter(
  pending: Promise<void>,
  stages: readonly BoundStage[],
  index: number,
  exchange: Exchange,
): Promise<void> {
  await pending;
  for (const stage of stages.slice(index + 1)) {
    if (exchange.signal.aborted) throw reasonOf(exchange.signal);
    await runStage(stage, exchange);
  }
}

function runStage(stage: BoundStage, exchange: Exchange): Promise<void> | undefined {
  try {
    const pending = stage.run(exchange);
    return pending === undefined ? undefined : pending.catch((error: unknown) => refuse(stage, error));
  } catch (error) {
    return refuse(stage, error);
  }
}

function refuse(stage: BoundStage, error: unknown): never {
  if (isGatewayError(error)) throw error;
  throw new GatewayError('OCELOT_ERR_STAGE_FAILED', { cause: error, details: { stage: stage.name } });
}

/** Why a request was given up: the signal's own reason where it is one of ours, else "the client left". */
export function reasonOf(signal: Cancellation): GatewayError {
  const reason: unknown = signal.reason;
  return isGatewayError(reason) ? reason : new GatewayError('OCELOT_ERR_CLIENT_GONE', { cause: reason });
}

/**
 * Waits for `work`, but no longer than until `signal` aborts, so that a stage which ignores the signal cannot hold a
 * request. What `work` does afterwards is nobody's business any more.
 * @throws GatewayError the signal's reason when it aborts first.
 */
export function unlessAborted<T>(work: Promise<T>, signal: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reasonOf(signal));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
