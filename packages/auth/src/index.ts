// For everybody
export { auth, type AuthOptions, type AuthPlugin } from './plugin.js';
export { hashPassword } from './credentials/password-hash.js';

// For programs that end or prolong sockets
export type { RenewalOutcome } from './stream/live-session.js';
export type { Revocation, RevocationRule } from './stream/revocation-list.js';

// For authors of providers
export { type AuthErrorName, AuthFailure, type AuthFailureOptions, isAuthFailure } from './providers/auth-failure.js';
export type {
  CredentialSource,
  Credentials,
  FirstMessageSource,
  Provider,
  ProviderContext,
  ProviderFactory,
  VerifyContext,
} from './providers/provider.js';
export { tokenProvider, type TokenProviderOptions } from './providers/token-provider.js';
