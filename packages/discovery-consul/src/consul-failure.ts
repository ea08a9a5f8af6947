/** What an explanation may say. */
export interface FailureContext {
  /** `Consul at http://…`. */
  readonly address: string;
  /** What was asked for: `the service "web"`. */
  readonly what: string;
  /** Taken out of the message wherever it occurs. */
  readonly token: string | undefined;
}

/** What the npm client throws, as far as it is read. */
interface ClientFailure {
  readonly message: string;
  readonly code?: string;
  readonly statusCode?: number;
  readonly response?: { readonly statusCode?: number; readonly body?: unknown };
  readonly errors?: readonly unknown[];
}

/** Most characters of an answer that are quoted. */
const MOST_QUOTED = 200;

/** Turns what the npm client throws into an Error whose message says who, what, why and what to do. */
export function explainFailure(error: unknown, context: FailureContext): Error {
  const failure = (error instanceof Error ? error : new Error(String(error))) as ClientFailure;
  const status = failure.response?.statusCode;
  // An answer of 200 that could not be read fails by its own message.
  const isRefusal = status !== undefined && status >= 300;
  const message = isRefusal ? refused(status, failure, context) : unreachable(failure, context);
  // What failed with a response holds the whole exchange, the token's header included, and would be logged with it.
  const cause = failure.response === undefined ? { cause: error } : {};
  return new Error(withoutToken(message, context.token), cause);
}

function unreachable(failure: ClientFailure, { address, what }: FailureContext): string {
  // A name with several addresses fails with an AggregateError, whose own message is empty.
  const reason = failure.errors?.[0] instanceof Error ? failure.errors[0].message : failure.message;
  const plain = reason.replace(/^(?:consul: )?(?:[a-z]+\.[a-z]+: )?/, '') || failure.code || 'no reason given';
  return `${address} could not be asked for ${what}: ${plain}.`;
}

function refused(status: number, failure: ClientFailure, { address, what }: FailureContext): string {
  const body = failure.response?.body;
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body.toString() : '';
  const quoted = text
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
    .slice(0, MOST_QUOTED);
  const answer = `${address} answered ${status}${quoted === '' ? '' : ` (${quoted})`} for ${what}.`;
  if (status === 403) {
    return `${answer} Check Token in ServiceDiscoveryProvider: it is unknown, or its policy does not allow this.`;
  }
  return status === 404 || (status >= 300 && status < 400)
    ? `${answer} Check Scheme, Host and Port: this does not look like Consul's HTTP interface.`
    : answer;
}

function withoutToken(message: string, token: string | undefined): string {
  return token === undefined ? message : message.replaceAll(token, '(token)');
}
