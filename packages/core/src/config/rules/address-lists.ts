import { parseIpRange } from '../../pipeline/ip-ranges.js';
import { meansUnixPeers } from '../../pipeline/trusted-peers.js';
import type { FileSecurity } from '../file-config.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

const FORMS = 'Write an address, a range (10.0.0.1-10.0.0.9), a network (10.0.0.0/8) or one with a mask.';

const PROXY_FORMS = `${FORMS} Peers of a Unix-domain socket are "unix:".`;

/** What else an entry may be, and what to write. */
interface Forms {
  readonly other: (entry: string) => boolean;
  readonly hint: string;
}

/** Every entry of the IP lists of a route can be read. Ocelot leaves bad ones out in silence, which opens allow lists. */
export const routeIpLists: RouteRule = (route, context) => {
  ipLists(route.SecurityOptions, context);
};

/** The same for the global section, and for the proxies that are trusted. */
export const globalIpLists: FileRule = (context) => {
  ipLists(context.shared.SecurityOptions, context);
  const proxies = context.shared.Gateway?.TrustedProxies;
  addresses(proxies, 'InvalidTrustedProxy', context, { other: meansUnixPeers, hint: PROXY_FORMS });
};

function ipLists(options: FileSecurity | undefined, context: RuleContext): void {
  addresses(options?.IPAllowedList, 'InvalidIpEntry', context);
  addresses(options?.IPBlockedList, 'InvalidIpEntry', context);
}

function addresses(
  list: readonly string[] | undefined,
  kind: string,
  context: RuleContext,
  { other, hint }: Forms = { other: () => false, hint: FORMS },
): void {
  for (const [index, entry] of (list ?? []).entries()) {
    if (entry.trim() === '' || parseIpRange(entry) !== undefined || other(entry)) continue;
    context.error({
      kind,
      at: list ?? [],
      key: index,
      message: `"${entry}" is no IP address, range or network.`,
      hint,
    });
  }
}
