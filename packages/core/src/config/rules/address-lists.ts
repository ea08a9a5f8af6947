import { parseIpRange } from '../../pipeline/ip-ranges.js';
import type { FileSecurity } from '../file-config.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

const FORMS = 'Write an address, a range (10.0.0.1-10.0.0.9), a network (10.0.0.0/8) or one with a mask.';

/** Every entry of the IP lists of a route can be read. Ocelot leaves bad ones out in silence, which opens allow lists. */
export const routeIpLists: RouteRule = (route, context) => {
  ipLists(route.SecurityOptions, context);
};

/** The same for the global section, and for the proxies that are trusted. */
export const globalIpLists: FileRule = (context) => {
  ipLists(context.shared.SecurityOptions, context);
  addresses(context.shared.Gateway?.TrustedProxies, 'InvalidTrustedProxy', context);
};

function ipLists(options: FileSecurity | undefined, context: RuleContext): void {
  addresses(options?.IPAllowedList, 'InvalidIpEntry', context);
  addresses(options?.IPBlockedList, 'InvalidIpEntry', context);
}

function addresses(list: readonly string[] | undefined, kind: string, context: RuleContext): void {
  for (const [index, entry] of (list ?? []).entries()) {
    if (entry.trim() === '' || parseIpRange(entry) !== undefined) continue;
    context.error({
      kind,
      at: list ?? [],
      key: index,
      message: `"${entry}" is no IP address, range or network.`,
      hint: FORMS,
    });
  }
}
