import {
  type Gateway,
  type GatewayRequest,
  type Params,
  type RouteVerdict,
  createEndpoint,
  explainMatch,
  isGatewayError,
  readConfiguration,
} from '@ocelot/core';
import picocolors from 'picocolors';

import { type PluginFlags, readInputs } from '../command-inputs.js';
import { placedError } from '../config-place.js';
import { count } from '../describe-issues.js';
import { dryRun } from '../dry-run.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { type ExplainedRequest, explainedRequest } from '../explained-request.js';
import { addressesOf } from '../route-addresses.js';
import { type RouteDemands, demandLines, demandsOf } from '../route-demands.js';
import { supportedKeys } from '../supported-keys.js';
import { type Terminal, isColourful } from '../terminal.js';
import { isSecretName } from '../without-secrets.js';

/** A stage that asks somewhere else may take as long. */
const STAGES_LIMIT_MS = 10_000;

/** What is sent to the backend; names and values of headers as on the wire. */
interface BackendRequest {
  readonly method: string;
  /** One address for each backend the balancer may choose. */
  readonly urls: readonly string[];
  /** A credential that the configuration adds is shown as `***`; the client's own as it came. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The shape of `ocelot explain --json`. */
interface Explanation {
  readonly request: Pick<GatewayRequest, 'kind' | 'method' | 'host' | 'path' | 'query'>;
  /** Id of the route that answers; null when none does. */
  readonly matched: string | null;
  readonly params: Params;
  /** In the order in which they are asked. */
  readonly routes: readonly { id: string; template: string; location: string; outcome: string; reason: string }[];
  /** What the route that answers asks for; null when none does. */
  readonly demands: RouteDemands | null;
  /** Null when nothing is sent. */
  readonly backend: BackendRequest | null;
  /** Set when the gateway answers itself. */
  readonly refusal: Refusal | null;
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** What the log of a gateway would tell beside it, and its client would not be told. */
  readonly reason?: string;
}

/**
 * `ocelot explain`: follows one request through the routes and stages of a configuration, as a running gateway would,
 * up to the head for the backend. Nothing is connected.
 * @throws CommandError, ConfigError
 */
export async function explain(
  paths: readonly string[],
  flags: ExplainedRequest & PluginFlags & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const request = explainedRequest(flags);
  const { document, plugins } = await readInputs(paths, flags, terminal);
  const config = readConfiguration(document, { supportedKeys: supportedKeys(plugins) });
  const gateway = await dryRun(config, plugins, {
    endpointsOf: ({ name }) => [createEndpoint({ host: name, port: 1 })],
  }).catch((error: unknown) => {
    throw placedError(error, document);
  });
  try {
    const { verdicts } = explainMatch(config.routes, request);
    const explanation = await follow(gateway, request, verdicts);
    terminal.stdout.write(
      flags.json === true ? `${JSON.stringify(explanation, undefined, 2)}\n` : inWords(explanation, terminal),
    );
  } finally {
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  }
  return EXIT_CODES.done;
}

async function follow(
  gateway: Gateway,
  request: GatewayRequest,
  verdicts: readonly RouteVerdict[],
): Promise<Explanation> {
  const { kind, method, host, path, query } = request;
  const winner = verdicts.find(({ outcome }) => outcome === 'answers')?.route;
  const base = {
    request: { kind, method, host, path, query },
    routes: verdicts.map(({ route, outcome, reason }) => ({
      id: route.id,
      template: route.match.pathTemplate,
      location: route.location,
      outcome,
      reason,
    })),
  };
  try {
    const admission = await gateway.admit(request, AbortSignal.timeout(STAGES_LIMIT_MS));
    const { route, params, outgoing } = admission;
    const urls = addressesOf(route, request).map((address) => address + outgoing.path + outgoing.query);
    const headers = pairs(outgoing.headers.raw).map(([name, value]) =>
      isSecretName(name) && value !== request.header(name) ? ([name, '***'] as const) : ([name, value] as const),
    );
    admission.finish({ outcome: 'completed' });
    // An upgrade is a GET, whatever DownstreamHttpMethod says (RFC 6455 §4.1).
    const called = kind === 'upgrade' ? method : (route.http.method ?? method);
    return {
      ...base,
      matched: route.id,
      params,
      demands: demandsOf(route),
      backend: { method: called, urls, headers },
      refusal: null,
    };
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    const { routeId, reason } = error.details;
    const refusal = {
      status: gateway.statusOf(error),
      code: error.code,
      message: error.message,
      ...(typeof reason === 'string' && { reason }),
    };
    const matched = winner?.id ?? (typeof routeId === 'string' ? routeId : null);
    const demands = winner === undefined ? null : demandsOf(winner);
    return { ...base, matched, params: {}, demands, backend: null, refusal };
  }
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
}

function inWords(explanation: Explanation, terminal: Terminal): string {
  const { green, dim, yellow } = picocolors.createColors(isColourful(terminal.stdout, terminal.env));
  const { request, routes, matched, params, demands, backend, refusal } = explanation;
  const at = routes.findIndex(({ outcome }) => outcome === 'answers');
  const asked = at === -1 ? routes : routes.slice(0, at + 1);
  const lines = [
    `${request.method} ${request.path}${request.query}  host ${request.host}${request.kind === 'upgrade' ? '  WebSocket' : ''}`,
    '',
    ...asked.map(({ id, template, location, outcome, reason }) => {
      const mark = outcome === 'answers' ? green('answers ') : dim('declines');
      return `  ${mark}  ${template}  ${dim(`(${id}, ${location})`)}: ${reason}`;
    }),
    ...(at === -1 && matched !== null ? [`  ${green('answers ')}  dynamic routing: the path names the service`] : []),
    ...(asked.length < routes.length ? [dim(`  not asked: ${count(routes.length - asked.length, 'more route')}`)] : []),
    '',
    ...Object.entries(params).map(([name, value]) => `  {${name}} = ${value}`),
    ...(demands === null ? [] : demandLines(demands)).map((line) => `  ${line}`),
    ...(backend?.urls ?? []).map((url) => `  backend  ${backend?.method ?? ''} ${url}`),
    ...(backend?.headers ?? []).map(([name, value]) => `  header   ${name}: ${value}`),
    ...(backend === null
      ? []
      : [dim(`  and Host and ${request.kind === 'upgrade' ? 'the handshake' : 'the framing'} of the gateway itself`)]),
    ...(refusal === null
      ? []
      : [`  ${yellow(`answered with ${refusal.status}`)}  ${refusal.code}: ${refusal.message}`]),
    ...(refusal?.reason === undefined ? [] : [`  because  ${refusal.reason}`]),
  ];
  return `${lines.join('\n')}\n`;
}
