import { said } from '../in-use.js';
import type { FileRule, RouteRule } from './rule.js';

const VERSION = /^\d([.,]\d)?$/;
const POLICIES = ['RequestVersionExact', 'RequestVersionOrLower', 'RequestVersionOrHigher'];

/** Version and policy have the forms that Ocelot reads (compat 1.10, rule 9). */
export const httpVersion: RouteRule = (route, context) => {
  const version = said(route.DownstreamHttpVersion);
  if (version !== undefined && !VERSION.test(version)) {
    context.error({
      kind: 'HttpVersionFormat',
      at: route,
      key: 'DownstreamHttpVersion',
      message: `DownstreamHttpVersion "${version}" is no HTTP version.`,
      hint: 'Write "1.0", "1.1", "2.0" or "3.0".',
    });
  }
  const policy = said(route.DownstreamHttpVersionPolicy);
  if (policy === undefined || POLICIES.some((name) => name.toLowerCase() === policy.toLowerCase())) return;
  context.error({
    kind: 'HttpVersionPolicyFormat',
    at: route,
    key: 'DownstreamHttpVersionPolicy',
    message: `DownstreamHttpVersionPolicy "${policy}" is not known.`,
    hint: `Write ${POLICIES.join(', ')}.`,
  });
};

/** Versions that are spoken as they are written; others that Ocelot reads are spoken as the nearest of them. */
const SPOKEN = /^(1([.,][01])?|2([.,]0)?)$/;

/**
 * Says which version is spoken where it is not the one that stands there. Outside of static routes nothing else checks
 * the form: what cannot be read is spoken as 1.1.
 */
export const spokenVersions: FileRule = (context) => {
  const places = [...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? []), context.shared];
  for (const at of places) {
    const version = said(at.DownstreamHttpVersion);
    if (version === undefined || SPOKEN.test(version)) continue;
    if (!VERSION.test(version) && context.file.Routes?.includes(at) === true) continue;
    context.warn({
      kind: 'HttpVersionNotSpoken',
      at,
      key: 'DownstreamHttpVersion',
      message: `DownstreamHttpVersion "${version}" is spoken as ${/^[23]([.,]|$)/.test(version) ? '2.0' : '1.1'}.`,
      hint: 'Write "1.0", "1.1" or "2.0".',
    });
  }
};
