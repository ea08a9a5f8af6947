import type { RouteRule } from './rule.js';

/** RFC 9110 §5.1: a field name is a token. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Header templates are about headers that can exist. */
export const headerTemplates: RouteRule = (route, context) => {
  const templates = route.UpstreamHeaderTemplates ?? {};
  for (const name of Object.keys(templates)) {
    if (TOKEN.test(name)) continue;
    context.error({
      kind: 'InvalidHeaderName',
      at: templates,
      key: name,
      message: `${JSON.stringify(name)} cannot be the name of a header.`,
      hint: 'Write letters, digits and hyphens, such as "X-Tenant".',
    });
  }
};
