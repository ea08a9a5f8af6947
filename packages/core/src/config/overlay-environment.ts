import type { ConfigIssue } from '../errors/config-error.js';
import { type ConfigDocument, configDocument } from './config-document.js';
import { type ConfigNode, type ObjectNode, type Place, placeFields } from './config-node.js';
import { overlayConfig } from './overlay.js';
import { SECTIONS, sectionName } from './section-name.js';

/** The values of one level, by key; a key is kept as first written. */
type Level = Map<string, { readonly key: string; readonly node: Level | string; readonly place: Place }>;

/** Keys of these sections are indexes on the second level. */
const LISTS: ReadonlySet<string> = new Set(['routes', 'dynamicroutes', 'aggregates']);

/**
 * Lays environment variables over a configuration as .NET does: `Routes__0__DownstreamHostAndPorts__0__Port=81`, a
 * double underscore (or a colon) for each level, keys without case, list items by index. Only variables whose first
 * segment is a section of the file are looked at; all values are text and are converted like text in the file.
 *
 * @param env For example `process.env`.
 */
export function overlayEnvironment(
  document: ConfigDocument,
  env: Readonly<Record<string, string | undefined>>,
): ConfigDocument {
  const top: Level = new Map();
  const issues: ConfigIssue[] = [];
  for (const name of Object.keys(env).toSorted()) {
    const value = env[name];
    const path = name.replaceAll('__', ':').split(':');
    const section = sectionName(path[0] ?? '');
    if (value === undefined || path.length < 2 || !SECTIONS.has(section)) continue;
    const place: Place = { file: `env:${name}`, pointer: '' };
    const fault = faultOf(path, section);
    if (fault === undefined) put(top, path, value, place);
    else issues.push({ severity: 'warning', kind: 'EnvironmentVariable', ...placeFields(place), ...fault });
  }
  if (top.size === 0 && issues.length === 0) return document;
  const place: Place = { file: 'env:', pointer: '' };
  return {
    ...overlayConfig(document, configDocument('environment', toObject(top, place), issues)),
    fileName: document.fileName,
  };
}

function faultOf(path: readonly string[], section: string): { message: string; hint: string } | undefined {
  if (path.includes(''))
    return {
      message: 'The variable has an empty level; it is ignored.',
      hint: 'Write two underscores between levels.',
    };
  if (!LISTS.has(section) || /^\d+$/.test(path[1] ?? '')) return undefined;
  return {
    message: `"${path[1]}" is no index of ${path[0]}; the variable is ignored.`,
    hint: `Write ${path[0]}__0__… for the first entry.`,
  };
}

function put(top: Level, path: readonly string[], value: string, place: Place): void {
  let level = top;
  for (const key of path.slice(0, -1)) {
    const present = level.get(key.toLowerCase())?.node;
    if (present instanceof Map) {
      level = present;
      continue;
    }
    // A value and children under one path: the children count, as in .NET's binder.
    const next: Level = new Map();
    level.set(key.toLowerCase(), { key, node: next, place });
    level = next;
  }
  const last = path.at(-1) ?? '';
  if (!(level.get(last.toLowerCase())?.node instanceof Map))
    level.set(last.toLowerCase(), { key: last, node: value, place });
}

function toObject(level: Level, place: Place): ObjectNode {
  const members = [...level.values()].map(({ key, node, place: at }): { key: string; node: ConfigNode } => ({
    key,
    node: typeof node === 'string' ? { kind: 'scalar', place: at, value: node } : toObject(node, at),
  }));
  return { kind: 'object', place, members };
}
