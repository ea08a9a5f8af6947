import { isToken } from '../is-token.js';
import type { RouteRule } from './rule.js';

/** Header templates are about headers that can exist (RFC 9110 §5.1). */
export const headerTemplates: RouteRule = (route, context) => {
  const templates = route.UpstreamHeaderTemplates ?? {};
  for (const name of Object.keys(templates)) {
    if (isToken(name)) continue;
    context.error({
      kind: 'InvalidHeaderName',
      at: templates,
      key: name,
      message: `${JSON.stringify(name)} cannot be the name of a header.`,
      hint: 'Write letters, digits and hyphens, such as "X-Tenant".',
    });
  }
};
