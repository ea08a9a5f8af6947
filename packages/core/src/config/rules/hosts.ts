import type { FileHostAndPort } from '../file-config.js';
import { said } from '../in-use.js';
import { defaultPort, schemeOf } from '../normalize/endpoints.js';
import { unixSocketPath } from '../../routing/unix-socket.js';
import type { RouteRule, RuleContext } from './rule.js';

/** A route without a service has hosts, each with a name (compat 1.10, rule 8). */
export const hosts: RouteRule = (route, context) => {
  if (said(route.ServiceName) !== undefined) return;
  const entries = route.DownstreamHostAndPorts ?? [];
  if (entries.length === 0 && !context.locations.isBroken(route, 'DownstreamHostAndPorts')) {
    context.error({
      kind: 'NoHosts',
      at: route,
      key: 'DownstreamHostAndPorts',
      message: 'The route names neither a host nor a service.',
      hint: 'Write "DownstreamHostAndPorts": [{ "Host": "localhost", "Port": 5001 }], or a "ServiceName".',
    });
  }
  for (const entry of entries) {
    if (unixSocketPath({ host: said(entry.Host) ?? '' }) !== undefined) continue;
    hostText(entry, context);
    port(entry, route.DownstreamScheme, context);
  }
};

function hostText(entry: FileHostAndPort, context: RuleContext): void {
  const host = said(entry.Host);
  if (host === undefined) {
    if (context.locations.isBroken(entry, 'Host')) return;
    context.error({
      kind: 'HostEmpty',
      at: entry,
      key: 'Host',
      message: 'An entry of DownstreamHostAndPorts has no Host.',
      hint: 'Write a host name or an IP address.',
    });
  } else if (/[\s\u0000-\u001f\u007f]/.test(host)) {
    context.error({
      kind: 'InvalidHost',
      at: entry,
      key: 'Host',
      message: `Host ${JSON.stringify(host)} holds a blank or a control character.`,
      hint: 'Write a host name or an IP address.',
    });
  } else if (/[/\\@?#*{}]/.test(host) || (/:\d*$/.test(host) && host.split(':').length === 2)) {
    context.warn({
      kind: 'SuspiciousHost',
      at: entry,
      key: 'Host',
      message: `Host "${host}" is more than a host name; connecting to it will fail.`,
      hint: 'Write the name alone: the scheme belongs into DownstreamScheme, the port into Port, the path into DownstreamPathTemplate.',
    });
  }
}

function port(entry: FileHostAndPort, scheme: string | undefined, context: RuleContext): void {
  if (context.locations.isBroken(entry, 'Port')) return;
  if (entry.Port === undefined || entry.Port === 0) {
    context.warn({
      kind: 'MissingPort',
      at: entry,
      key: 'Port',
      message: `Host "${entry.Host ?? ''}" has no Port: the default of the scheme, ${defaultPort(schemeOf(scheme))}, is used.`,
      hint: "Write the Port. Ocelot for .NET would use the gateway's own port.",
    });
  } else if (entry.Port < 0 || entry.Port > 65_535) {
    context.error({
      kind: 'InvalidPort',
      at: entry,
      key: 'Port',
      message: `Port ${entry.Port} does not exist.`,
      hint: 'Write a number from 1 to 65535.',
    });
  }
}
