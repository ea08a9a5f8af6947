import type { FileRoute } from '../file-config.js';
import { said } from '../in-use.js';
import { effectiveOptions } from '../normalize/group-rule.js';
import type { FileRule } from './rule.js';

/**
 * Routes to different backends whose affinity cookies have one name and one path: a browser keeps one of them, so each
 * route takes the place of the client in the other away. Without `Key` the gateway names them apart.
 */
export const affinityNames: FileRule = (context) => {
  const first = new Map<string, FileRoute>();
  for (const route of context.file.Routes ?? []) {
    const options = effectiveOptions(route.LoadBalancerOptions, context.shared.LoadBalancerOptions, route.Key);
    if (said(options.Type)?.toLowerCase() !== 'affinitycookie' || typeof options['Key'] !== 'string') continue;
    const name = options['Key'].trim();
    if (name === '') continue;
    const cookie = JSON.stringify([name.toLowerCase(), options['Path'], options['Domain'], hostOf(route)]);
    const other = first.get(cookie);
    if (other === undefined) first.set(cookie, route);
    else if (backendsOf(other) !== backendsOf(route)) {
      context.warn({
        kind: 'AffinityCookieShared',
        at: route,
        key: 'LoadBalancerOptions',
        message: `The cookie "${name}" is also that of ${other.UpstreamPathTemplate ?? 'another route'}, which has other backends: each answer of one route makes the client lose its backend of the other.`,
        hint: 'Leave Key out, so that each service has a cookie of its own, or name another one.',
      });
    }
  }
};

function hostOf(route: FileRoute): string {
  return said(route.UpstreamHost)?.toLowerCase() ?? '';
}

/** Lists that begin alike count as one service, as they do for policies. */
function backendsOf(route: FileRoute): string {
  const service = said(route.ServiceName);
  if (service !== undefined) return `${said(route.ServiceNamespace) ?? ''}/${service}`;
  const [host] = route.DownstreamHostAndPorts ?? [];
  return `${said(host?.Host) ?? ''}:${host?.Port ?? ''}`;
}
