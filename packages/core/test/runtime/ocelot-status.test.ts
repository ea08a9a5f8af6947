import { describe, expect, it } from 'vitest';

import { createGateway, type ErrorCode, GatewayError, type Phase, type Plugin } from '../../src/index.js';
import { ocelotStatus } from '../../src/runtime/ocelot-status.js';
import { request } from '../make-request.js';
import { config, route } from '../make-route.js';
import suite from '../vectors/error-status.json' with { type: 'json' };

// Vectors from Ocelot's ErrorsToHttpStatusCodeMapper: what its pipeline met, and the status the client gets.

interface Vector {
  readonly errors: readonly { readonly name: string; readonly code: number }[];
  readonly status: number;
  readonly source: string;
}
const vectors = suite.vectors as readonly Vector[];

/** What Ocelot calls an error, by what it is called here. Our status is Ocelot's, at least under OcelotStatusCodes. */
const SAME: Readonly<Record<string, ErrorCode>> = {
  UnauthenticatedError: 'OCELOT_ERR_UNAUTHENTICATED',
  CannotFindClaimError: 'OCELOT_ERR_FORBIDDEN',
  ScopeNotAuthorizedError: 'OCELOT_ERR_FORBIDDEN',
  UserDoesNotHaveClaimError: 'OCELOT_ERR_FORBIDDEN',
  SecurityError: 'OCELOT_ERR_FORBIDDEN',
  RequestTimedOutError: 'OCELOT_ERR_BACKEND_TIMEOUT',
  ConnectionToDownstreamServiceError: 'OCELOT_ERR_BACKEND_UNREACHABLE',
  PayloadTooLargeError: 'OCELOT_ERR_BODY_TOO_BIG',
  BadRequestError: 'OCELOT_ERR_REQUEST_INVALID',
  ServicesAreEmptyError: 'OCELOT_ERR_NO_ENDPOINT',
  ServicesAreNullError: 'OCELOT_ERR_NO_ENDPOINT',
  UnableToFindLoadBalancerError: 'OCELOT_ERR_NO_ENDPOINT',
  // 500 in both, but here the start fails with it, and no request ever meets it.
  CouldNotFindLoadBalancerCreator: 'OCELOT_ERR_PLUGIN_MISSING',
};

const AT_START = 'the configuration is refused at start or reload, so no request meets it';
const NO_CLAIMS = 'claims are not read here; the key is reported at start';
const NO_SUCH = 'an error of Ocelot’s own making, which nothing here can raise';

/** Errors that are answered otherwise, or never, with the reason. */
const DIFFERENT: Readonly<Record<string, string>> = {
  UnknownError: 'STAGE_FAILED answers 500: a fault of the gateway does not look like a missing route (ADR 6)',
  CannotAddDataError: NO_SUCH,
  DownstreamHostNullOrEmptyError: AT_START,
  DownstreampathTemplateAlreadyUsedError: AT_START,
  DownstreamPathTemplateContainsSchemeError: AT_START,
  DownstreamSchemeNullOrEmptyError: 'without a scheme the backend is spoken to as the client came, as in Ocelot',
  FileValidationFailedError: AT_START,
  UnableToFindServiceDiscoveryProviderError: AT_START,
  InstructionNotForClaimsError: NO_CLAIMS,
  ParsingConfigurationHeaderError: NO_CLAIMS,
  UnableToCreateAuthenticationHandlerError: 'a route whose protection nobody enforces answers 403 (ADR 9)',
  UnsupportedAuthenticationProviderError: 'a route whose protection nobody enforces answers 403 (ADR 9)',
};

/** In which phase an error of ours is raised, and so which of several the client gets. */
const PHASES: Partial<Record<ErrorCode, Phase>> = {
  OCELOT_ERR_UNAUTHENTICATED: 'authenticate',
  OCELOT_ERR_FORBIDDEN: 'authorize',
};

/** What a client gets where all of these errors would be met. */
async function statusWith(codes: readonly ErrorCode[]): Promise<number> {
  const plugin: Plugin = {
    name: 'scripted faults',
    setup: (to) => {
      // Faults of the backend come after every stage: here from the last phase.
      for (const code of codes) {
        const run = (): never => {
          throw new GatewayError(code);
        };
        to.stage({ name: code, phase: PHASES[code] ?? 'transform', forRoute: () => run });
      }
    },
  };
  const { settings } = config([]);
  const strict = config([route('/')], { settings: { ...settings, ocelotStatusCodes: true } });
  const gateway = await createGateway({ config: strict, plugins: [plugin] });
  const error = await gateway.admit(request(), new AbortController().signal).then(
    () => undefined,
    (refusal: unknown) => refusal as GatewayError,
  );
  await gateway.drain({ deadlineMs: 0 });
  return error === undefined ? 200 : gateway.statusOf(error);
}

describe('the status of a refusal', () => {
  const runnable = vectors.filter(({ errors }) => errors.some(({ name }) => SAME[name] !== undefined));

  it.each(runnable)('is Ocelot’s under OcelotStatusCodes: $source → $status', async ({ errors, status }) => {
    const codes = errors.flatMap(({ name }) => SAME[name] ?? []);
    // In the reverse order of the vector: it is the phase that decides.
    expect(await statusWith(codes.toReversed())).toBe(status);
  });

  it('differs only for what is listed with a reason', () => {
    const names = new Set(vectors.flatMap(({ errors }) => errors.map(({ name }) => name)));
    const known = [...Object.keys(SAME), ...Object.keys(DIFFERENT)];
    expect([...names].toSorted()).toEqual(known.toSorted());
  });

  it('is 503 for no endpoint and 504 for a late backend unless the switch is set', () => {
    const [none, late] = (['OCELOT_ERR_NO_ENDPOINT', 'OCELOT_ERR_BACKEND_TIMEOUT'] as const).map(
      (code) => new GatewayError(code),
    );
    expect([none?.status, late?.status]).toEqual([503, 504]);
    expect([none, late].map((error) => error && ocelotStatus(error))).toEqual([404, 503]);
  });
});
