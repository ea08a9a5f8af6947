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

/** A backend does not speak the version that the route insists on. */
export class VersionRefused extends Error {
  constructor() {
    super('the backend does not offer HTTP/2, and DownstreamHttpVersionPolicy allows nothing less');
  }
}

/** What undici says of an answer that is no HTTP, or none that can be understood. */
const INVALID_ANSWER: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE']);
const INVALID_MESSAGES: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

/**
 * Says what a failed call means to the client.
 * @param isStarted Whether there was a connection, so that the backend may have seen the request.
 */
export function callFailure(error: unknown, isStarted: boolean, endpoint: Endpoint): GatewayError {
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
  if (!isStarted) return new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', options);
  const isInvalid =
    error instanceof UnexpectedSwitch ||
    code.startsWith('HPE_') ||
    INVALID_ANSWER.has(code) ||
    INVALID_MESSAGES.has(message);
  return new GatewayError(isInvalid ? 'OCELOT_ERR_BACKEND_ANSWER_INVALID' : 'OCELOT_ERR_BACKEND_LOST', options);
}
