// Each stage runs once per request of a route that asks for it; what depends on the route alone is in its closure.
import {
  createSlot,
  type Exchange,
  type GatewayConfig,
  GatewayError,
  IDENTITY,
  type Identity,
  type Route,
  type Slot,
  type StageDefinition,
} from '@ocelot/core';

import { type Accepted, authenticate, challenges } from './authenticate.js';
import { refuseClaim } from './claims/claim-refusal.js';
import { eraseClaims, rewritePath, withAddedClaims, writeClaims } from './claims/transforms.js';
import { AuthFailure } from './providers/auth-failure.js';
import type { Provider } from './providers/provider.js';
import { type RoutePolicy, usesClaims } from './route-policy.js';
import type { LiveSession } from './stream/live-session.js';
import type { LiveSessions } from './stream/live-sessions.js';
import type { RevocationList } from './stream/revocation-list.js';

/** The watched session of an exchange, once it is open. */
export const LIVE_SESSION: Slot<LiveSession> = createSlot<LiveSession>('auth-session');

/** What the stages work with. */
export interface StageContext {
  policyOf(route: Route, config: GatewayConfig): RoutePolicy;
  /** The provider of a name in the configuration in force. */
  providerNow(name: string): Provider | undefined;
  readonly revocations: RevocationList;
  readonly sessions: LiveSessions;
}

/** Of whoever was not asked who he is. */
const NOBODY: Pick<Identity, 'claims'> = { claims: {} };

/** The stages of the phases authenticate, authorize and transform. */
export function authStages(context: StageContext): readonly StageDefinition[] {
  return [
    {
      name: 'auth-authenticate',
      phase: 'authenticate',
      enforces: ['AuthenticationOptions'],
      forRoute(route, config) {
        const policy = context.policyOf(route, config);
        const { authentication } = policy;
        if (authentication === undefined) return undefined;
        return (exchange) => {
          if (isPreflight(exchange)) return undefined;
          const accepted = authenticate(exchange, authentication);
          if (accepted instanceof Promise)
            return accepted.then((settled) => welcome(exchange, settled, policy, context));
          return welcome(exchange, accepted, policy, context);
        };
      },
    },
    {
      name: 'auth-add-claims',
      phase: 'authorize',
      forRoute(route, config) {
        const { authentication, transforms } = context.policyOf(route, config);
        // Where a stage of somebody else's says who the client is: ours adds them itself.
        if (authentication !== undefined || transforms.claims.length === 0) return undefined;
        return (exchange) => {
          const identity = exchange.get(IDENTITY);
          if (identity !== undefined) exchange.set(IDENTITY, withAddedClaims(identity, transforms.claims));
        };
      },
    },
    {
      name: 'auth-authorize',
      phase: 'authorize',
      enforces: ['AllowedScopes', 'RouteClaimsRequirement'],
      forRoute(route, config) {
        const { requirements, requestCheck } = context.policyOf(route, config);
        if (requirements.length === 0) return undefined;
        return (exchange) => {
          if (isPreflight(exchange)) return;
          requestCheck?.(exchange.request);
          const identity = exchange.get(IDENTITY) ?? NOBODY;
          for (const requirement of requirements) requirement(identity, exchange.params);
        };
      },
    },
    {
      name: 'auth-transform',
      phase: 'transform',
      forRoute(route, config) {
        const { authentication, transforms } = context.policyOf(route, config);
        const strips = (authentication?.providers ?? []).flatMap(({ source }) => {
          return source.strip === undefined ? [] : [(exchange: Exchange) => source.strip?.(exchange)];
        });
        if (strips.length === 0 && !usesClaims(transforms)) return undefined;
        return (exchange) => {
          const isAnonymous = isPreflight(exchange);
          const identity = exchange.get(IDENTITY) ?? NOBODY;
          if (isAnonymous && transforms.path.length > 0) throw refusePath(transforms.path[0]?.type ?? '');
          // First: it makes path and query anew.
          if (!isAnonymous) rewritePath(exchange, identity, transforms.path);
          for (const strip of strips) strip(exchange);
          if (isAnonymous) eraseClaims(exchange, transforms);
          else writeClaims(exchange, identity, transforms);
        };
      },
    },
  ];
}

/**
 * Ocelot asks no OPTIONS request who sends it, since browsers send CORS preflights without credentials (Fetch standard,
 * CORS protocol and credentials). An upgrade is never one, and neither is a request that the backend gets with another
 * method (`DownstreamHttpMethod`): in Ocelot anybody may do with OPTIONS what the route protects.
 */
function isPreflight({ request, route }: Exchange): boolean {
  if (request.kind !== 'http' || request.method !== 'OPTIONS') return false;
  return route.http.method === undefined || route.http.method === 'OPTIONS';
}

/** As in Ocelot: whose path it would be is not known. */
function refusePath(claim: string): GatewayError {
  return refuseClaim('CannotFindClaim', claim, 'an OPTIONS request has no identity, and the path is made of one');
}

/** Takes note of who came in: on the exchange, and on the session once there is one. */
function welcome(
  exchange: Exchange,
  { identity: verified, provider, credentials }: Accepted,
  { authentication, requirements, settings, transforms }: RoutePolicy,
  context: StageContext,
): void {
  if (authentication === undefined) return;
  const { revocations, sessions } = context;
  const { closeCode, providers } = authentication;
  const checked = (fresh: Identity): Identity => {
    // Of a provider of the user's own: compared with any time, it would never be over.
    if (Number.isNaN(fresh.expiresAtMs)) throw new TypeError(`${provider.name} says NaN for when its credentials end.`);
    const identity = withAddedClaims(fresh, transforms.claims);
    if (revocations.find(identity) === undefined) return identity;
    const failure = new AuthFailure('revoked', 'The credentials were revoked.');
    throw new GatewayError('OCELOT_ERR_TOKEN_REVOKED', {
      closeCode,
      details: { reason: 'revoked', provider: provider.name },
      headers: { 'WWW-Authenticate': challenges(providers, [{ provider, failure }]) },
    });
  };
  const identity = checked(verified);
  exchange.set(IDENTITY, identity);
  exchange.onOpen((session) => {
    const watched = sessions.open({
      exchange,
      session,
      identity,
      // What was accepted by a provider that a reload has changed since is renewed by the new one.
      provider: () => context.providerNow(provider.name) ?? provider,
      credentials: settings.recheckMs > 0 ? credentials : undefined,
      recheckMs: settings.recheckMs,
      closeCode,
      admit(fresh) {
        const next = checked(fresh);
        for (const requirement of requirements) requirement(next, exchange.params);
        return next;
      },
    });
    exchange.set(LIVE_SESSION, watched.live);
    exchange.defer(() => watched.close());
    // Revoked on the way to the backend.
    if (revocations.find(identity) !== undefined) watched.live.revoke('revoked');
  });
}
