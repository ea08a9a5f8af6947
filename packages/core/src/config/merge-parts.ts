import type { ConfigIssue } from '../errors/config-error.js';
import { type ConfigDocument, configDocument } from './config-document.js';
import { type ConfigNode, type ObjectMember, placeFields } from './config-node.js';
import { sectionName } from './section-name.js';

const GLOBAL_FILE = 'ocelot.global.json';

/**
 * Merges the files of a folder as Ocelot's `AddOcelot(folder, environment)` does: `Routes`, `DynamicRoutes` and
 * `Aggregates` are concatenated in the order given, and `GlobalConfiguration` is taken from `ocelot.global.json` alone,
 * as a whole; other content is kept. Section names are compared without case. {@link selectConfigFiles} tells which
 * files take part.
 *
 * A single document is returned as it is.
 */
export function mergeConfigParts(parts: readonly ConfigDocument[]): ConfigDocument {
  const [first] = parts;
  if (first === undefined) throw new TypeError('mergeConfigParts needs at least one document.');
  if (parts.length === 1) return first;
  const sections = new Map<string, ObjectMember>();
  const issues: ConfigIssue[] = [];
  for (const part of parts) {
    issues.push(...part.issues);
    for (const member of part.root.members) {
      const name = sectionName(member.key);
      if (name === 'globalconfiguration') {
        if (baseName(part.fileName) !== GLOBAL_FILE) issues.push(ignoredGlobal(member));
        else sections.set(name, member);
        continue;
      }
      const present = sections.get(name);
      sections.set(
        name,
        present === undefined ? member : { key: present.key, node: joined(present.node, member.node) },
      );
    }
  }
  const root = { kind: 'object' as const, place: first.root.place, members: [...sections.values()] };
  return configDocument(parts.map((part) => part.fileName).join(', '), root, issues);
}

/** Lists are concatenated, objects merged, and of two other values the later one stays. */
function joined(a: ConfigNode, b: ConfigNode): ConfigNode {
  if (a.kind === 'array' && b.kind === 'array') return { ...a, items: [...a.items, ...b.items] };
  if (a.kind === 'object' && b.kind === 'object') {
    const members = new Map(a.members.map((member) => [member.key.toLowerCase(), member]));
    for (const member of b.members) {
      const name = member.key.toLowerCase();
      const present = members.get(name);
      members.set(name, present === undefined ? member : { key: present.key, node: joined(present.node, member.node) });
    }
    return { ...a, members: [...members.values()] };
  }
  // A section that is null in one part says nothing about the others.
  return b.kind === 'scalar' && b.value === null ? a : b;
}

function baseName(fileName: string): string {
  return fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1).toLowerCase();
}

function ignoredGlobal(member: ObjectMember): ConfigIssue {
  return {
    severity: 'warning',
    kind: 'GlobalConfigurationIgnored',
    ...placeFields(member.node.place),
    message: `In a folder, GlobalConfiguration counts only in ${GLOBAL_FILE}; this one is ignored.`,
    hint: `Move it to ${GLOBAL_FILE}.`,
  };
}
