// Runs once per request of a route with AuthenticationOptions. As long as nothing has to be waited for (keys are known,
// the answer is remembered) no promise is made.
import { type Exchange, GatewayError, type Identity, type Message, type UpgradeRequest } from '@ocelot/core';

import { type AuthFailure, isAuthFailure } from './providers/auth-failure.js';
import type { CredentialSource, Credentials, FirstMessageSource, Provider } from './providers/provider.js';
import type { WaitingClients } from './stream/waiting-clients.js';

/** A provider with the places where a route has its credentials. */
export interface RouteProvider {
  readonly provider: Provider;
  readonly source: CredentialSource;
}

/** Who came in, and how. */
export interface Accepted {
  readonly identity: Identity;
  readonly provider: Provider;
  readonly credentials: Credentials;
}

/** What is asked on a route. */
export interface AuthenticationRules {
  /** In the order of asking. */
  readonly providers: readonly RouteProvider[];
  /** Of Close frames that refuse a client after its first message. */
  readonly closeCode: number;
  /** Clients that owe their first message. */
  readonly waiting: WaitingClients;
}

/** Credentials that are there, each with the provider that may know them. */
interface Shown {
  readonly provider: Provider;
  readonly credentials: Credentials;
}

/** Credentials that were there and did not pass. */
interface Refused {
  readonly provider: Provider;
  readonly place: string;
  readonly failure: AuthFailure;
}

/**
 * Finds out who the client of an exchange is: every provider of the route is asked in turn, the first that accepts
 * counts (Ocelot: AuthenticationMiddleware). Only a client that shows no credentials at all in its request is asked for
 * them in its first message, where the route has such a place.
 *
 * @throws GatewayError (also as a rejection) UNAUTHENTICATED (401; 400 for credentials sent twice, RFC 6750 §3.1),
 *   IDENTITY_UNAVAILABLE when nobody accepts and somebody could not tell, or what the wait for the first message ended
 *   with.
 */
export function authenticate(exchange: Exchange, rules: AuthenticationRules): Accepted | Promise<Accepted> {
  const { providers } = rules;
  const shown = shownBy(providers, ({ source }) => source.find(exchange), rules);
  if (shown.length > 0) return verifyFrom(0, shown, exchange, [], rules);
  const { request } = exchange;
  const first = providers.find(({ source }) => source.firstMessage !== undefined)?.source.firstMessage;
  if (first === undefined || !isUpgrade(request) || request.firstMessage === undefined) {
    throw unauthenticated(rules, []);
  }
  return readFirstMessage(exchange, request, first, rules);
}

async function readFirstMessage(
  exchange: Exchange,
  request: UpgradeRequest,
  source: FirstMessageSource,
  rules: AuthenticationRules,
): Promise<Accepted> {
  const options = source.options(request);
  const place = rules.waiting.enter(exchange);
  let message: Message | undefined;
  try {
    message = await request.firstMessage?.(options);
  } finally {
    place.leave();
  }
  if (message === undefined) throw unauthenticated(rules, []);
  // A backend that chose another of the client's offers would contradict what the client was told.
  const { headers } = exchange.outgoing;
  if (options.subprotocol === undefined) headers.delete('Sec-WebSocket-Protocol');
  else headers.set('Sec-WebSocket-Protocol', options.subprotocol);
  const told = shownBy(rules.providers, ({ source: own }) => own.firstMessage?.read(message), rules);
  return verifyFrom(0, told, exchange, [], rules);
}

function isUpgrade(request: Exchange['request']): request is UpgradeRequest {
  return request.kind === 'upgrade';
}

function shownBy(
  providers: readonly RouteProvider[],
  find: (provider: RouteProvider) => Credentials | undefined,
  rules: AuthenticationRules,
): readonly Shown[] {
  const shown: Shown[] = [];
  for (const candidate of providers) {
    const { provider } = candidate;
    try {
      const credentials = find(candidate);
      if (credentials !== undefined) shown.push({ provider, credentials });
    } catch (error) {
      // Nobody else is asked: what was sent twice may be one token for us and another for somebody behind us.
      throw isAuthFailure(error) ? ambiguous(rules, provider, error) : error;
    }
  }
  return shown;
}

/** Asks one provider after the other; makes a promise only from the first one on that has to wait. */
function verifyFrom(
  start: number,
  shown: readonly Shown[],
  exchange: Exchange,
  before: readonly Refused[],
  rules: AuthenticationRules,
): Accepted | Promise<Accepted> {
  const refused = [...before];
  for (let index = start; index < shown.length; index += 1) {
    const one = shown[index];
    if (one === undefined) break;
    const { provider, credentials } = one;
    try {
      const identity = provider.verify(credentials, exchange);
      if (!(identity instanceof Promise)) return { identity, provider, credentials };
      return identity.then(
        (settled) => ({ identity: settled, provider, credentials }),
        (error: unknown) => verifyFrom(index + 1, shown, exchange, [...refused, refusedBy(one, error)], rules),
      );
    } catch (error) {
      refused.push(refusedBy(one, error));
    }
  }
  throw unauthenticated(rules, refused);
}

/** @throws what is no answer about the credentials: the client left, or a provider failed. */
function refusedBy({ provider, credentials }: Shown, error: unknown): Refused {
  if (!isAuthFailure(error)) throw error;
  return { provider, place: credentials.place, failure: error };
}

/** The refusal of everybody who was asked; with nobody asked, of a client without credentials. */
function unauthenticated(rules: AuthenticationRules, refused: readonly Refused[]): GatewayError {
  const details =
    refused.length === 0
      ? { reason: 'no-credentials' }
      : {
          reason: refused.map(({ failure, place }) => `${failure.reason} (${place})`).join(', '),
          provider: refused.map(({ provider }) => provider.name).join(', '),
        };
  const unavailable = refused.find(({ failure }) => failure.isUnavailable)?.failure;
  if (unavailable !== undefined) {
    return new GatewayError('OCELOT_ERR_IDENTITY_UNAVAILABLE', { details, cause: unavailable.cause ?? unavailable });
  }
  return new GatewayError('OCELOT_ERR_UNAUTHENTICATED', {
    details,
    headers: { 'WWW-Authenticate': challenges(rules.providers, refused) },
    closeCode: rules.closeCode,
  });
}

/** Credentials that can be read in two ways: the request is wrong, whatever they are worth (RFC 6750 §2). */
function ambiguous(rules: AuthenticationRules, provider: Provider, failure: AuthFailure): GatewayError {
  return new GatewayError('OCELOT_ERR_UNAUTHENTICATED', {
    status: failure.error === 'invalid_request' ? 400 : 401,
    message: failure.message,
    details: { reason: failure.reason, provider: provider.name },
    headers: { 'WWW-Authenticate': challenges(rules.providers, [{ provider, failure }]) },
    closeCode: rules.closeCode,
  });
}

/** A challenge of every provider (RFC 9110 §11.6.1), with what was wrong with the credentials it looked at. */
export function challenges(
  providers: readonly RouteProvider[],
  refused: readonly Pick<Refused, 'provider' | 'failure'>[],
): string {
  const lines = providers.map(({ provider }) =>
    provider.challenge(refused.find((one) => one.provider === provider)?.failure),
  );
  return [...new Set(lines)].join(', ');
}
