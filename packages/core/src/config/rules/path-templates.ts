import { said } from '../in-use.js';
import type { RouteRule, RuleContext } from './rule.js';

type Side = 'Downstream' | 'Upstream';

/** Both templates are there and are paths (compat: RouteFluentValidator). */
export const pathTemplates: RouteRule = (route, context) => {
  const sides = ['Downstream', 'Upstream'] as const;
  for (const side of sides) {
    const key = `${side}PathTemplate`;
    if (said(route[`${side}PathTemplate`]) !== undefined || context.locations.isBroken(route, key)) continue;
    context.error({
      kind: `${side}PathEmpty`,
      at: route,
      key,
      message: `The route has no ${key}.`,
      hint:
        side === 'Upstream'
          ? 'Write the path that clients ask for, such as "/chat/{room}".'
          : 'Write the path to send to the backend, such as "/{everything}".',
    });
  }
  const downstream = route.DownstreamPathTemplate;
  if (said(downstream) !== undefined) {
    leadingSlash('Downstream', route, context);
    doubleSlash('Downstream', route, context);
    noScheme('Downstream', route, context);
  }
  if (said(route.UpstreamPathTemplate) !== undefined) {
    doubleSlash('Upstream', route, context);
    leadingSlash('Upstream', route, context);
    noScheme('Upstream', route, context);
  }
};

function template(side: Side, route: Parameters<RouteRule>[0]): { key: string; text: string } {
  return { key: `${side}PathTemplate`, text: route[`${side}PathTemplate`] ?? '' };
}

function leadingSlash(side: Side, route: Parameters<RouteRule>[0], context: RuleContext): void {
  const { key, text } = template(side, route);
  if (text.startsWith('/')) return;
  context.error({
    kind: `${side}PathNoLeadingSlash`,
    at: route,
    key,
    message: `${key} "${text}" does not begin with a slash.`,
    hint: `Write "/${text.trim().replace(/^[a-z]+:\/*/i, '')}".`,
  });
}

function doubleSlash(side: Side, route: Parameters<RouteRule>[0], context: RuleContext): void {
  const { key, text } = template(side, route);
  if (!text.includes('//')) return;
  context.error({
    kind: `${side}PathDoubleSlash`,
    at: route,
    key,
    message: `${key} "${text}" holds two slashes in a row.`,
    hint: 'Write a path with single slashes, without host.',
  });
}

function noScheme(side: Side, route: Parameters<RouteRule>[0], context: RuleContext): void {
  const { key, text } = template(side, route);
  if (!text.includes('http://') && !text.includes('https://')) return;
  context.error({
    kind: `${side}PathScheme`,
    at: route,
    key,
    message: `${key} "${text}" holds a scheme.`,
    hint: 'The scheme belongs into DownstreamScheme and the host into DownstreamHostAndPorts.',
  });
}

/** Blanks never match a path, and must not be sent in one. Those at the ends are cut off. */
export const templateBlanks: RouteRule = (route, context) => {
  for (const key of ['UpstreamPathTemplate', 'DownstreamPathTemplate'] as const) {
    const text = route[key];
    if (said(text) === undefined || !/[\s\u0000-\u001f\u007f]/.test(text ?? '')) continue;
    context.warn({
      kind: 'BlankInTemplate',
      at: route,
      key,
      message: `${key} ${JSON.stringify(text)} holds a blank or a control character.`,
      hint: 'Remove it, or write it percent-encoded (%20).',
    });
  }
};
