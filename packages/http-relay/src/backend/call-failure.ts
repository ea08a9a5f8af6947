import { type Endpoint, GatewayError, isGatewayError } from '@ocelot/core';
import { endpointName } from '@ocelot/relay-kit';

/** A connection did not come about in time. */
export class ConnectTimeout extends Error {
  constructor(limitMs: number) {
    super(`no connection within ${limitMs} ms`);
  }
}

/** A backend switched protocols though nobody asked for it (RFC 9110 §15.2.2). */
export class UnexpectedSwitch extends Error {
  constructor() {
    super('101 Switching Protocols to a request that asked for no upgrade');
  }
}

/** A backend said `100 Continue` though nobody asked (RFC 9110 §15.2.1), which undici takes for no HTTP. */
export class UnaskedContinue extends Error {
  constructor() {
    super('100 Continue to a request that did not ask for it');
  }
}

/** A backend does not speak the version that the route insists on. */
export class VersionRefused extends Error {
  constructor() {
    super('the backend does not offer HTTP/2, and DownstreamHttpVersionPolicy allows nothing less');
  }
}

/** A stream was refused before anything was done with it: it may be sent again (RFC 9113 §8.7). */
export class RefusedStream extends Error {
  constructor() {
    super('the backend refused the stream');
  }
}

/** A stream ended without its answer being whole. */
export class StreamReset extends Error {
  constructor(code: number | undefined) {
    super(`the stream was reset with code ${code ?? 0}`);
  }
}

/** What undici says of an answer that is no HTTP, or none that can be understood. */
const INVALID_CODES: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);
const INVALID_MESSAGES: ReadonlySet<string> = new Set(['bad upgrade']);

/** How far a call came: no connection yet, a request that the backend may have seen, an answer that had begun. */
export type CallProgress = 'connecting' | 'asked' | 'answering';

/** Says what a failed call means to the client. */
export function callFailure(error: unknown, progress: CallProgress, endpoint: Endpoint): GatewayError {
  if (isGatewayError(error)) return error;
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  const details = { endpoint: endpointName(endpoint), reason: message };
  const options = { cause: error, details };
  if (error instanceof ConnectTimeout || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT', options);
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return new GatewayError('OCELOT_ERR_REQUEST_INVALID', options);
  }
  if (progress === 'connecting' || error instanceof RefusedStream)
    return new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', options);
  const isInvalid = progress === 'asked' && isNoAnswer(error, code, message);
  return new GatewayError(isInvalid ? 'OCELOT_ERR_BACKEND_ANSWER_INVALID' : 'OCELOT_ERR_BACKEND_LOST', options);
}

function isNoAnswer(error: unknown, code: string, message: string): boolean {
  if (
    error instanceof UnexpectedSwitch ||
    error instanceof UnaskedContinue ||
    (error instanceof Error && error.name === 'HTTPParserError')
  )
    return true;
  return code.startsWith('HPE_') || INVALID_CODES.has(code) || INVALID_MESSAGES.has(message);
}
