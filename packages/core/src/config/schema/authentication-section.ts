import { flag, integer, list, map, named, object, type ObjectKey, text, texts, type KeySchema } from './key-schema.js';

const MAX_MS = 2_147_483_647;

const secret = (what: string): KeySchema =>
  text(`${what} It stands in the configuration then, which is warned of: the keys with File and Env keep it out.`);

/** Where credentials are: on a provider, and on a route over it. */
const PLACES: Readonly<Record<string, KeySchema>> = {
  In: texts(
    'Where the token or key may be; credentials in two of them, or twice in one, are answered 400. `header` is `Authorization: Bearer TOKEN`, `header:NAME` a header of its own, `cookie:NAME` a cookie, `query:NAME` a query parameter, `subprotocol` or `subprotocol:PREFIX` one of the offered WebSocket subprotocols (`bearer.TOKEN`, the pair `bearer, TOKEN`, or `base64url.bearer.TOKEN` with the token in base64url), `message` the first message of the socket, `message:payload.authorization` a member of it. Default: `header`; for API keys `header:X-Api-Key`. Providers of the types Basic and Certificate have places of their own. With a cookie set `AllowedOrigins` too: browsers send cookies with the sockets of any site.',
  ),
  ForwardCredentials: text(
    'What of the credentials the backend gets. `headers`: headers and cookies, as Ocelot forwards them, but no query parameter. `none`: nothing. `all`: query parameters too. A subprotocol that is a token is never forwarded.',
    { default: 'headers', values: ['headers', 'none', 'all'] },
  ),
  Message: object(
    'AuthenticationMessage',
    'How a client is accepted that sends its credentials in its first message: the socket is opened to the client at once, and to the backend once the message was verified. Refusals are Close frames then.',
    {
      TimeoutMs: integer('Time for the first message, in milliseconds; then the socket ends with 4408.', {
        default: 10_000,
        minimum: 1,
        maximum: MAX_MS,
      }),
      MaxBytes: integer('Largest first message, in bytes.', { default: 65_536, minimum: 1, maximum: 16_777_216 }),
      Forward: flag(
        'Whether the backend gets the message too, as its first one. Default: yes for a member of a message (`connection_init` of GraphQL), no where the message is the token.',
        { default: true },
      ),
      Subprotocols: texts(
        'Which of the offered subprotocols the client is told, the first that it offers; the backend is offered just that one. Empty: the first offer of the client.',
      ),
    },
  ),
};

const TOKEN_RULES: Readonly<Record<string, KeySchema>> = {
  Issuer: texts('Issuers (`iss`) that are accepted. Empty: with `Authority` the one that its metadata name, else any.'),
  Audience: texts('Audiences (`aud`), one of which the token must name. Empty: any, with a warning for Jwt.'),
  RequiredClaims: texts('Claims that the token must have, whatever they hold.'),
  ClockSkewSeconds: integer(
    'How far the clocks of issuer and gateway may differ when `exp` and `nbf` are compared, in seconds. Open sockets end at `exp` itself.',
    { default: 5, minimum: 0, maximum: 3600 },
  ),
  SubjectClaim: text('Claim that says who the client is.', { default: 'sub' }),
  MaxTokenBytes: integer('Longest token, in bytes; a longer one is answered 401.', {
    default: 8192,
    minimum: 128,
    maximum: 65_536,
  }),
  TimeoutMs: integer('Time for a call to the issuer, in milliseconds.', { default: 5000, minimum: 1, maximum: 60_000 }),
  MaxDocumentBytes: integer('Largest answer of the issuer, in bytes.', {
    default: 262_144,
    minimum: 1024,
    maximum: 16_777_216,
  }),
  RequireHttps: flag(
    'Ask the issuer over https only; loopback addresses are free. Over http anybody on the way can put keys of his own in. For an authority of your own set the environment variable NODE_EXTRA_CA_CERTS.',
    { default: true },
  ),
};

const JWT: Readonly<Record<string, KeySchema>> = {
  Authority: text(
    'Jwt: URL of the issuer. Its metadata (OpenID Connect Discovery, RFC 8414) say where its keys are. One of `Authority`, `JwksUrl`, `KeyFile` and `Secret` says where keys come from.',
  ),
  JwksUrl: text('Jwt: URL of a JWK Set (RFC 7517).'),
  KeyFile: text(
    'Jwt: file of public keys: PEM (several keys or certificates), a JWK or a JWK Set. Read again when it changes.',
  ),
  Secret: secret('Jwt: secret of the algorithms HS256, HS384 and HS512, 32 bytes at least.'),
  SecretFile: text(
    'Jwt: file that holds the secret. Read again when it changes: tokens of the one before are refused then.',
  ),
  SecretEnv: text('Jwt: environment variable that holds the secret.'),
  SecretEncoding: text('Jwt: how the secret is written.', {
    default: 'utf8',
    values: ['utf8', 'base64', 'base64url', 'hex'],
  }),
  Algorithms: texts(
    'Jwt: algorithms that are accepted, of those that fit the keys: RS256 to RS512, PS256 to PS512, ES256 to ES512, EdDSA and Ed25519 with public keys, HS256 to HS512 with a secret. Empty: all that fit. `none` never is.',
  ),
  RequireExpiry: flag('Jwt: refuse tokens without `exp`.', { default: true }),
  TokenTypes: texts('Jwt: values of the header `typ` that are accepted, such as `at+jwt` (RFC 9068). Empty: any.'),
  JwksCacheSeconds: integer(
    'Jwt: how long a key set counts without being asked for again, in seconds. While the issuer is away the last set stays in force.',
    { default: 600, minimum: 1, maximum: 86_400 },
  ),
  JwksCoolDownSeconds: integer(
    'Jwt: shortest time between two loads because a token names an unknown key, in seconds.',
    { default: 30, minimum: 1, maximum: 3600 },
  ),
};

const INTROSPECTION: Readonly<Record<string, KeySchema>> = {
  Url: text('Introspection: endpoint that is asked what a token is worth (RFC 7662).'),
  ClientId: text('Introspection: who the gateway is there.'),
  ClientSecret: secret('Introspection: its secret there.'),
  ClientSecretFile: text('Introspection: file that holds the secret. Read again when it changes.'),
  ClientSecretEnv: text('Introspection: environment variable that holds the secret.'),
  ClientAuthentication: text(
    'Introspection: how the gateway says who it is: in the header `Authorization`, or in the form.',
    { default: 'basic', values: ['basic', 'post'] },
  ),
  MaxConcurrent: integer(
    'Introspection and Basic: most checks at a time; twenty times as many may wait (for Basic fifty times), the next one is answered 503. Default: 50 calls to the endpoint, 2 passwords.',
    { minimum: 1, maximum: 10_000 },
  ),
  CacheSeconds: integer(
    'Introspection and Basic: how long credentials that were accepted are remembered, in seconds; 0 means not at all. Never beyond `exp`. Default: 60 for tokens, 300 for passwords.',
    { minimum: 0, maximum: 86_400 },
  ),
  CacheEntries: integer('Introspection: how many answers are remembered.', {
    default: 10_000,
    minimum: 0,
    maximum: 1_000_000,
  }),
};

const OTHERS: Readonly<Record<string, KeySchema>> = {
  PasswordFile: text(
    'Basic: file of lines `name:hash`, with hashes by `hashPassword` of @ocelot/auth (scrypt) or by `htpasswd -B` (bcrypt). Read again when it changes.',
  ),
  Keys: list(
    'ApiKey: the keys.',
    object('ApiKey', 'An API key, as its SHA-256 or as itself.', {
      Name: text('Whose key it is: the subject, in log lines too; no secret.'),
      Sha256: text('SHA-256 of the key in hexadecimal: `printf %s "$KEY" | sha256sum`.'),
      Key: secret('The key itself, 16 characters at least.'),
      KeyFile: text('File that holds the key.'),
      KeyEnv: text('Environment variable that holds the key.'),
      Claims: map('Claims of whoever has the key, for `RouteClaimsRequirement` and the like.'),
      Expires: text('When it ends: `2027-01-31T00:00:00Z`. Open sockets end then too.'),
    }),
  ),
  Subjects: texts(
    'Certificate: subjects that are accepted (RFC 4514: `CN=device-7,O=Example`); a `*` stands for a part of one attribute. With `Names` and `Fingerprints`: one of them all must fit. Nothing listed: every certificate that the authorities of `Tls.CaFile` signed.',
  ),
  Names: texts(
    'Certificate: alternative names that are accepted: `DNS:*.devices.example.com`, `URI:spiffe://example.com/ns/*`; a `*` stands for a part of one label or segment.',
  ),
  Fingerprints: texts('Certificate: SHA-256 of certificates that are accepted, with or without colons.'),
  Issuers: texts('Certificate: issuers one of which must have signed, written as `Subjects`. Empty: any.'),
  SubjectFrom: text('Certificate: what of the certificate says who the client is.', {
    default: 'subject',
    values: ['subject', 'CN', 'DNS', 'URI', 'email', 'fingerprint'],
  }),
  FromTrustedProxies: flag(
    'Certificate: believe `X-Client-Cert-*` of peers in `TrustedProxies`, which ended the TLS of the client. Off: nobody who comes through them has a certificate.',
  ),
};

const PROVIDER = object(
  'AuthenticationProvider',
  'Says who clients are. Which keys there are depends on `Type`; each description begins with the type it is for.',
  {
    Type: text('Kind of provider, compared without case; plugins of your own may bring further ones.', {
      examples: ['Jwt', 'Introspection', 'Basic', 'ApiKey', 'Certificate'],
    }),
    Realm: text('Realm of the challenge in `WWW-Authenticate`. Default: the name of the provider.'),
    ...PLACES,
    ...TOKEN_RULES,
    ...JWT,
    ...INTROSPECTION,
    ...OTHERS,
  },
  { open: true },
);

/** What routes may say over the global section. */
const STREAM_KEYS: Readonly<Record<string, KeySchema>> = {
  CloseCode: integer(
    'Close code of sockets whose credentials expired or were revoked, and of clients whose first message holds none that are accepted. Who is known and may not use the route gets 1008.',
    { default: 4401, minimum: 1008, maximum: 4999 },
  ),
  RecheckIntervalMs: integer(
    'How often the credentials of open sockets are checked anew, past what is remembered, in milliseconds: for tokens that their issuer can revoke. 0 means never.',
    { default: 0, minimum: 0, maximum: MAX_MS },
  ),
  Renewal: object(
    'AuthenticationRenewal',
    'How a client renews its token on an open socket: it sends a JSON message of this type with a member `token`. The message is for the gateway and not forwarded.',
    { MessageType: text('Value of the member `type` of such a message. Absent: messages are not looked at.') },
  ),
};

/** `Gateway.Authentication` of a route. */
export const ROUTE_AUTHENTICATION: ObjectKey = object(
  'RouteAuthentication',
  'Where the credentials of this route are, in place of what its providers say, and how its sockets end.',
  { ...PLACES, ...STREAM_KEYS },
  { needs: '@ocelot/auth' },
);

/** `GlobalConfiguration.Gateway.Authentication`. */
export const GLOBAL_AUTHENTICATION: ObjectKey = object(
  'GlobalAuthentication',
  'Who says who clients are, and how sockets end when their credentials do. The names of the providers are what `AuthenticationOptions.AuthenticationProviderKeys` names.',
  { Providers: named('Providers, by the name that routes use.', PROVIDER), ...STREAM_KEYS },
  { needs: '@ocelot/auth' },
);
