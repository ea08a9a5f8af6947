import type {
  HeaderTransform,
  HeaderTransforms,
  HttpVersion,
  HttpVersionPolicy,
  RouteHttp,
} from '../../contracts/route.js';
import type { FileGlobal, FileRoute } from '../file-config.js';
import { said } from '../in-use.js';
import { effectiveOptions } from './group-rule.js';

/** Ocelot: HttpHandlerOptions.DefaultPooledConnectionLifetimeSeconds. */
const CONNECTION_LIFETIME_SECONDS = 120;
/** .NET's "as many as there are". */
const NO_LIMIT = 2_147_483_647;

/** How HTTP requests of a route are made of its backends: its own keys, then the global ones, then Ocelot's defaults. */
export function routeHttp(route: FileRoute, shared: FileGlobal): RouteHttp {
  const handler = effectiveOptions(route.HttpHandlerOptions, shared.HttpHandlerOptions, route.Key);
  const connections = handler.MaxConnectionsPerServer ?? 0;
  return {
    method: said(route.DownstreamHttpMethod)?.toUpperCase(),
    version: httpVersion(said(route.DownstreamHttpVersion) ?? said(shared.DownstreamHttpVersion)),
    versionPolicy: versionPolicy(said(route.DownstreamHttpVersionPolicy) ?? said(shared.DownstreamHttpVersionPolicy)),
    followRedirects: handler.AllowAutoRedirect ?? false,
    maxConnectionsPerEndpoint: connections <= 0 || connections >= NO_LIMIT ? 0 : connections,
    connectionLifetimeMs: Math.max(0, handler.PooledConnectionLifetimeSeconds ?? CONNECTION_LIFETIME_SECONDS) * 1000,
    cookieContainer: handler.UseCookieContainer ?? false,
    useProxy: handler.UseProxy ?? false,
    maxRequestBodyBytes: route.Gateway?.MaxRequestBodyBytes ?? shared.Gateway?.MaxRequestBodyBytes ?? 0,
  };
}

/** Ocelot: the route's own entries; of the global ones those with another name stand behind them. */
export function headerTransforms(route: FileRoute, shared: FileGlobal): HeaderTransforms {
  return {
    request: joined(route.UpstreamHeaderTransform, shared.UpstreamHeaderTransform),
    answer: joined(route.DownstreamHeaderTransform, shared.DownstreamHeaderTransform),
  };
}

type Entries = Readonly<Record<string, string>> | undefined;

function joined(own: Entries, shared: Entries): readonly HeaderTransform[] {
  const taken = new Set(Object.keys(own ?? {}).map((name) => name.toLowerCase()));
  const others = Object.entries(shared ?? {}).filter(([name]) => !taken.has(name.toLowerCase()));
  return [...Object.entries(own ?? {}), ...others].map(([name, instruction]) => ({ name: name.trim(), instruction }));
}

/** `2`, `2.0` and `2,0` are one version; what is older than 1.0 or unreadable was reported as an error. */
function httpVersion(text: string | undefined): HttpVersion {
  if (text === undefined) return '1.1';
  if (/^[23]/.test(text)) return '2.0';
  return /^1([.,]0)?$/.test(text) ? '1.0' : '1.1';
}

function versionPolicy(text: string | undefined): HttpVersionPolicy {
  const folded = text?.toLowerCase();
  if (folded === 'requestversionexact') return 'exact';
  return folded === 'requestversionorhigher' ? 'or-higher' : 'or-lower';
}
