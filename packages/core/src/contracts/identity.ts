/** Who a client proved to be: what an authentication stage leaves on the exchange in the slot {@link IDENTITY}. */
export interface Identity {
  /** Name of the provider that vouches (`AuthenticationProviderKeys`). */
  readonly provider: string;
  /** `sub`, user name or certificate subject; undefined when the credentials name none. */
  readonly subject: string | undefined;
  /** Names one token among those of the subject (`jti`); undefined when it has no name. */
  readonly tokenId: string | undefined;
  /** Claims by name, with case; several of one name keep their order. Values that are no texts are JSON. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** When the credentials expire, in milliseconds since 1970; undefined: never. */
  readonly expiresAtMs: number | undefined;
}
