import { said } from '../in-use.js';
import type { RouteRule } from './rule.js';

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
