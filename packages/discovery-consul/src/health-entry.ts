import { createEndpoint, type Endpoint, unixSocketPath } from '@ocelot/core';

import type { HostSource } from './options.js';

/** One entry of `GET /v1/health/service/{name}`, as far as it is read. Nothing in it is trusted to be there. */
export interface HealthEntry {
  readonly Node?: { readonly Node?: string | null; readonly Address?: string | null } | null;
  readonly Service?: {
    readonly ID?: string | null;
    readonly Address?: string | null;
    readonly Port?: number | null;
    readonly Tags?: readonly string[] | null;
    readonly Meta?: Readonly<Record<string, string>> | null;
    readonly Weights?: { readonly Passing?: number | null } | null;
  } | null;
}

/** How entries become endpoints. */
export interface EntryRules {
  readonly hostSource: HostSource;
  /** Entries without all of these tags are left out, without a warning. */
  readonly tags: readonly string[];
}

/** What became of a list of entries. */
export interface ReadEntries {
  /** In Consul's order. Frozen. */
  readonly endpoints: readonly Endpoint[];
  /** One line for each entry that cannot be used. */
  readonly warnings: readonly string[];
}

/**
 * Turns the instances Consul lists into endpoints. An entry is dropped with a warning when its address is blank or
 * begins with `http://` or `https://`, or its port is 0 or less (Ocelot: DefaultConsulServiceBuilder.cs, IsValid), and
 * when its host could leave its place in a URL or a header (CR, LF, blanks, `/`, …) or is a Unix-domain socket of this
 * machine, which Ocelot does not check.
 */
export function readHealthEntries(entries: readonly (HealthEntry | null)[], rules: EntryRules): ReadEntries {
  const endpoints: Endpoint[] = [];
  const warnings: string[] = [];
  for (const listed of entries) {
    const entry = listed ?? {};
    const tags = entry.Service?.Tags ?? [];
    if (!rules.tags.every((tag) => tags.includes(tag))) continue;
    try {
      endpoints.push(readEntry(entry, rules.hostSource));
    } catch (error) {
      const id = JSON.stringify(entry.Service?.ID ?? '');
      warnings.push(`instance ${id} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { endpoints: Object.freeze(endpoints), warnings };
}

function readEntry(entry: HealthEntry, hostSource: HostSource): Endpoint {
  const { Service: service } = entry;
  const host = hostOf(entry, hostSource);
  if (host === undefined) throw new Error('it has no address.');
  if (/^https?:\/\//i.test(host)) throw new Error(`its address ${JSON.stringify(host)} must not begin with a scheme.`);
  // A registry tells of other machines. It does not get to open the files of this one (a container engine's socket).
  if (unixSocketPath({ host }) !== undefined)
    throw new Error(`its address ${JSON.stringify(host)} is a Unix-domain socket, which no registry may name.`);
  const tags = service?.Tags ?? [];
  const version = versionOf(tags);
  return createEndpoint({
    host,
    port: service?.Port ?? 0,
    weight: service?.Weights?.Passing ?? 1,
    tags,
    metadata: { ...service?.Meta, ...(version === undefined ? {} : { version }) },
  });
}

function hostOf({ Node: node, Service: service }: HealthEntry, source: HostSource): string | undefined {
  const own = filled(service?.Address);
  if (source === 'service-address') return own ?? filled(node?.Address);
  // Ocelot looks at the service's address first, even where the name of the node is used in the end.
  if (own === undefined || /^https?:\/\//i.test(own)) return own;
  return filled(node?.Node) ?? own;
}

function filled(text: string | null | undefined): string | undefined {
  return typeof text === 'string' && text.trim() !== '' ? text : undefined;
}

/** What follows `version-` in the first tag that begins so (Ocelot: DefaultConsulServiceBuilder.cs). */
function versionOf(tags: readonly string[]): string | undefined {
  const prefix = 'version-';
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}
