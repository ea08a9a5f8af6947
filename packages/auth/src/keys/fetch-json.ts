import type { Clock, JsonObject, JsonValue } from '@ocelot/core';

import { errorText } from './secret-value.js';

/** How a document is asked for. */
export interface FetchJsonOptions {
  readonly clock: Clock;
  /** For the whole way, to the last byte of the body. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Ends it early: whoever asks is closing. */
  readonly signal: AbortSignal;
  /** Makes it a POST of a form. */
  readonly form?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is not 200. */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  readonly status: number;

  constructor(url: string, status: number) {
    super(`${url} answered ${status}.`);
    this.status = status;
  }
}

/**
 * Fetches a JSON object from an issuer. Redirects are not followed: they could lead keys or tokens anywhere.
 * @throws StatusError for any status but 200; Error when it cannot be reached, is too slow, too large or no JSON object.
 *   Messages name the URL without its query and never the body.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<JsonObject> {
  const { clock, timeoutMs, signal } = options;
  const shown = url.replace(/[?#].*$/s, '');
  const abort = new AbortController();
  const stop = (): void => abort.abort(new Error(`${shown}: given up, the gateway is closing.`));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const timer = clock.setTimer(timeoutMs, () => {
    abort.abort(new Error(`${shown} did not answer within ${timeoutMs} ms.`));
  });
  try {
    return await request(url, shown, options, abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    timer.clear();
    signal.removeEventListener('abort', stop);
  }
}

async function request(
  url: string,
  shown: string,
  { maxBytes, form, headers }: FetchJsonOptions,
  signal: AbortSignal,
): Promise<JsonObject> {
  let response: Response;
  try {
    response = await fetch(url, {
      redirect: 'manual',
      signal,
      headers: { accept: 'application/json', ...headers },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
  } catch (error) {
    // What undici throws says "fetch failed"; why is in its cause.
    const why = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new Error(`${shown} cannot be reached: ${errorText(why)}`, { cause: error });
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new StatusError(shown, response.status);
  }
  return parse(await readLimited(response, maxBytes, shown), shown);
}

async function readLimited(response: Response, maxBytes: number, shown: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new Error(`${shown} answered with more than ${maxBytes} bytes.`);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string, shown: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    // The parser's message quotes the text.
    throw new Error(`${shown} answered with something that is no JSON.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${shown} answered with JSON that is no object.`);
  }
  return value as JsonObject;
}
