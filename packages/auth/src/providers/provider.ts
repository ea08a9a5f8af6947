import type {
  ClientCertificate,
  Clock,
  Exchange,
  FirstMessageOptions,
  GatewayEvent,
  Identity,
  JsonObject,
  Logger,
  Message,
  UpgradeRequest,
} from '@ocelot/core';

import type { AuthFailure } from './auth-failure.js';

/** What a client shows to say who it is. Never logged, never put into an error. */
export type Credentials =
  | {
      /** A token (RFC 6750), or a key that is compared. */
      readonly kind: 'bearer' | 'api-key';
      readonly token: string;
      /** Where it was, without its value: `header`, `cookie:session`, `query:access_token`, `subprotocol`, `message`. */
      readonly place: string;
    }
  | { readonly kind: 'basic'; readonly user: string; readonly password: string; readonly place: string }
  | { readonly kind: 'certificate'; readonly certificate: ClientCertificate; readonly place: string }
  | {
      /** Whatever a provider of the user's own finds and verifies itself. */
      readonly kind: 'custom';
      readonly value: unknown;
      readonly place: string;
    };

/** Credentials that come in the first message of a socket, after it was accepted. */
export interface FirstMessageSource {
  /** How the client is accepted. */
  options(request: UpgradeRequest): FirstMessageOptions;
  /**
   * @returns undefined when the message holds no credentials.
   * @throws AuthFailure invalid_request when it cannot be read.
   */
  read(message: Message): Credentials | undefined;
}

/** Where the credentials of a provider are, on one route. */
export interface CredentialSource {
  /**
   * Looks at the request; synchronous, changes nothing.
   * @returns undefined when there are none for this provider.
   * @throws AuthFailure invalid_request when there are several, in one place or in two (RFC 6750 §2).
   */
  find(exchange: Exchange): Credentials | undefined;
  /**
   * Removes from {@link Exchange.outgoing} what the backend must not get, accepted or not, and sets ANSWER_PROTOCOL
   * where the client offered no subprotocol but its token. Idempotent; after `exchange.rewrite`, which brings the
   * client's query back.
   */
  strip?(exchange: Exchange): void;
  /** Set when they may come as the first message: for upgrades on which `find` gave undefined. */
  readonly firstMessage?: FirstMessageSource | undefined;
}

/** What a verification may use. An {@link Exchange} fits. */
export interface VerifyContext {
  /** Ends the wait, never a call that others wait for too. Read only when there is something to wait for. */
  readonly signal: AbortSignal;
  /** Asks the issuer anew, past what is remembered of the same credentials. @default false */
  readonly isRecheck?: boolean;
}

/**
 * Something that can say who a client is: what a name in `AuthenticationProviderKeys` stands for. One per name and
 * configuration, shared by all routes.
 */
export interface Provider extends CredentialSource {
  /** Its key under `Providers`. */
  readonly name: string;
  /**
   * A challenge for `WWW-Authenticate` (RFC 9110 §11.6.1), with `error` and `error_description` when credentials were
   * there and failed (RFC 6750 §3).
   */
  challenge(failure?: AuthFailure): string;
  /**
   * The source for a route whose `Gateway.Authentication` says where credentials are. Absent, or undefined: the
   * provider itself is the source.
   * @param section The route's section.
   * @param location Its place, for messages.
   * @throws ConfigError
   */
  forRoute?(section: JsonObject, location: string): CredentialSource | undefined;
  /**
   * Makes credentials of a text that came another way, such as a renewal. Absent where there is no such thing.
   * @param place Said in logs.
   */
  fromText?(text: string, place: string): Credentials;
  /**
   * Checks credentials of its own source.
   * @throws AuthFailure (also as a rejection); the reason of `context.signal` when the wait was given up.
   */
  verify(credentials: Credentials, context: VerifyContext): Identity | Promise<Identity>;
  /** Gives back what it holds: timers, waits, caches. Idempotent. */
  close?(): void;
}

/** What a provider is lent. */
export interface ProviderContext {
  readonly clock: Clock;
  /** Milliseconds since 1970: what `exp` is compared with. */
  readonly wallNowMs: () => number;
  readonly log: Logger;
  record(event: GatewayEvent): void;
  /** Where its options stand: `ocelot.json#/GlobalConfiguration/Gateway/Authentication/Providers/Main`. */
  readonly location: string;
  /** `Gateway.TrustedProxies`: whose headers about certificates are believed. */
  readonly trustedProxies: readonly string[];
  /** The configuration is only tried: read files, but ask no issuer. @default false */
  readonly isTrial?: boolean;
}

/**
 * Makes a provider of its options.
 * @param name Its key under `Providers`.
 * @param options As written; `Type` is among them.
 * @throws ConfigError (also as a rejection) with the place of the fault.
 */
export type ProviderFactory = (
  name: string,
  options: JsonObject,
  context: ProviderContext,
) => Provider | Promise<Provider>;
