import type { GatewayConfig, Plugin, PluginHost, Registry, Route } from '@ocelot/core';

import { authEndpoints } from './control/control-endpoints.js';
import { ProviderDirectory, type ProviderMaker } from './provider-directory.js';
import type { Provider, ProviderFactory } from './providers/provider.js';
import { readPolicy, type RoutePolicy } from './route-policy.js';
import { authStages, LIVE_SESSION } from './stages.js';
import type { RenewalOutcome } from './stream/live-session.js';
import { LiveSessions } from './stream/live-sessions.js';
import { type Revocation, RevocationList, type RevocationRule } from './stream/revocation-list.js';
import { renewalTap } from './stream/renewal-tap.js';

/** What {@link auth} may be given. */
export interface AuthOptions {
  /** Provider types of one's own, by the `Type` that the file calls them; beside those of this package. */
  readonly providers?: Readonly<Record<string, ProviderFactory>>;
  /** Most revocations kept at a time. @default 10000 */
  readonly maxRevocations?: number;
  /** The time of day, in milliseconds since 1970; for tests. @default Date.now */
  readonly wallNowMs?: () => number;
}

/** The plugin, with what a program can do about the sockets of its gateway. */
export interface AuthPlugin extends Plugin {
  /**
   * Refuses credentials from now on, and closes the sockets that were opened with them (TOKEN_REVOKED).
   * @returns the revocation, and how many sockets were closed.
   * @throws TypeError when the rule does not name exactly one thing; RangeError when the list is full.
   * @throws Error before the gateway was made.
   */
  revoke(rule: RevocationRule): { readonly revocation: Revocation; readonly closed: number };
  /** Takes a revocation back; closed sockets stay closed. @returns false when there is none of this id. */
  unrevoke(id: string): boolean;
  /** The revocations in force, oldest first. */
  revocations(): readonly Revocation[];
  /**
   * Puts a new token in place of the one an open session lives by.
   * @param sessionId {@link Session.id}.
   * @returns undefined when no authenticated session of this id is open; never rejects.
   */
  renew(sessionId: string, token: string): Promise<RenewalOutcome> | undefined;
}

/** Keys of `ocelot.json` that are acted on. */
const SUPPORTED: readonly string[] = [
  'Authentication',
  'AuthenticationOptions',
  'RouteClaimsRequirement',
  'AddClaimsToRequest',
  'AddHeadersToRequest',
  'AddQueriesToRequest',
  'ChangeDownstreamPathTemplate',
];

const MAX_REVOCATIONS = 10_000;

/**
 * Authentication, authorization and claims transformation of `ocelot.json`, on upgrades, on open sockets and on plain
 * requests. One per gateway. With no provider configured it loads and does nothing.
 */
export function auth(options: AuthOptions = {}): AuthPlugin {
  let parts: Parts | undefined;
  const ready = (): Parts => {
    if (parts === undefined) throw new Error('The auth plugin is not part of a gateway yet.');
    return parts;
  };
  return {
    name: '@ocelot/auth',
    supports: SUPPORTED,
    setup(registry) {
      if (parts !== undefined) throw new Error('One auth plugin serves one gateway: make another for this one.');
      parts = new Parts(registry.host, options);
      parts.register(registry);
    },
    revoke: (rule) => ready().revoke(rule),
    unrevoke: (id) => ready().revocations.delete(id),
    revocations: () => ready().revocations.entries,
    renew: (sessionId, token) => ready().sessions.get(sessionId)?.renew(token, 'control'),
  };
}

/** What one gateway's authentication is made of. */
class Parts {
  readonly revocations: RevocationList;
  readonly sessions: LiveSessions;
  readonly #directory: ProviderDirectory;
  readonly #host: PluginHost;
  /** Read once per route and configuration, though three stages and a tap ask. */
  readonly #policies = new WeakMap<GatewayConfig, WeakMap<Route, RoutePolicy>>();

  constructor(host: PluginHost, options: AuthOptions) {
    const { wallNowMs = Date.now } = options;
    this.#host = host;
    this.#directory = new ProviderDirectory(makerOf(options.providers ?? {}), host, wallNowMs);
    this.revocations = new RevocationList(options.maxRevocations ?? MAX_REVOCATIONS, wallNowMs);
    this.sessions = new LiveSessions({ clock: host.clock, random: host.random, wallNowMs });
  }

  register(registry: Registry): void {
    const policyOf = (route: Route, config: GatewayConfig): RoutePolicy => this.#policyOf(route, config);
    registry.configuration({
      prepare: (config) => this.#prepare(config),
      applied: (config) => this.#directory.apply(config),
      released: (config) => this.#directory.release(config),
    });
    const { revocations, sessions } = this;
    const providerNow = (name: string): Provider | undefined => this.#directory.current(name);
    for (const stage of authStages({ policyOf, providerNow, revocations, sessions })) registry.stage(stage);
    registry.tap(
      renewalTap({
        renewalType(route, config) {
          const { authentication, settings } = policyOf(route, config);
          return authentication === undefined ? undefined : settings.renewalType;
        },
        liveSession: ({ exchange }) => exchange.get(LIVE_SESSION),
      }),
    );
    const endpoints = authEndpoints({
      revoke: (rule) => this.revoke(rule),
      unrevoke: (id) => this.revocations.delete(id),
      revocations: () => this.revocations.entries,
      sessions: (subject) => this.sessions.list(subject),
      renew: (id, token) => this.sessions.get(id)?.renew(token, 'control'),
    });
    for (const endpoint of endpoints) registry.control(endpoint);
    registry.onClose(() => {
      this.sessions.close();
      this.#directory.close();
    });
  }

  revoke(rule: RevocationRule): { readonly revocation: Revocation; readonly closed: number } {
    const revocation = this.revocations.add(rule);
    const closed = this.sessions.revoke(revocation, (identity) => this.revocations.find(identity) !== undefined);
    this.#host.log.info({ revocation: revocation.id, closed }, 'credentials revoked');
    return { revocation, closed };
  }

  async #prepare(config: GatewayConfig): Promise<void> {
    // One that was in force before: its policies hold providers that may be closed by now.
    this.#policies.delete(config);
    await this.#directory.prepare(config);
    const { dynamic } = config;
    if (dynamic === undefined) return;
    try {
      // Routes of services are bound by the first request: what is wrong with them is told now.
      for (const route of [...dynamic.entries, dynamic.fallback]) this.#policyOf(route, config);
    } catch (error) {
      this.#directory.release(config);
      throw error;
    }
  }

  #policyOf(route: Route, config: GatewayConfig): RoutePolicy {
    let known = this.#policies.get(config);
    if (known === undefined) this.#policies.set(config, (known = new WeakMap()));
    const before = known.get(route);
    if (before !== undefined) return before;
    const policy = readPolicy(route, config, this.#directory);
    if (policy.warning !== undefined) this.#host.log.warn({ route: route.id, source: route.location }, policy.warning);
    known.set(route, policy);
    return policy;
  }
}

/** Makes providers; what makes them is loaded with the first. */
function makerOf(own: Readonly<Record<string, ProviderFactory>>): ProviderMaker {
  return async (name, options, context) => {
    const { createProvider } = await import('./providers/create-provider.js');
    return createProvider(name, options, context, own);
  };
}
