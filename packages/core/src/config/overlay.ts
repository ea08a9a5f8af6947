import { type ConfigDocument, configDocument } from './config-document.js';
import type { ArrayNode, ConfigNode, ObjectMember, ObjectNode } from './config-node.js';
import { sectionName } from './section-name.js';

/**
 * Lays one file over another as .NET stacks configuration sources (`ocelot.json`, then `ocelot.Production.json`): by
 * flattened path. Objects merge key by key without case, lists merge index by index and are never concatenated, so the
 * first route of `over` changes fields of the first route of `base`. A null takes a single value back to its default
 * and leaves objects and lists alone.
 */
export function overlayConfig(base: ConfigDocument, over: ConfigDocument): ConfigDocument {
  const root = overlaidObject(base.root, over.root, sectionName);
  return configDocument(`${base.fileName}, ${over.fileName}`, root, [...base.issues, ...over.issues]);
}

function overlaid(base: ConfigNode, over: ConfigNode): ConfigNode {
  if (base.kind === 'object' && over.kind === 'object') return overlaidObject(base, over, lowerCase);
  if (base.kind === 'array' && over.kind === 'array') return overlaidList(base, over.items.entries());
  // An object whose keys are indexes is the same flattened path: `Routes__0__Key` of the environment.
  if (base.kind === 'array' && over.kind === 'object') return overlaidList(base, indexed(over));
  if (base.kind !== 'scalar' && over.kind === 'scalar' && (over.value === null || over.value === '')) return base;
  return over;
}

function lowerCase(key: string): string {
  return key.toLowerCase();
}

function overlaidObject(base: ObjectNode, over: ObjectNode, nameOf: (key: string) => string): ObjectNode {
  const members = new Map<string, ObjectMember>(base.members.map((member) => [nameOf(member.key), member]));
  for (const member of over.members) {
    const name = nameOf(member.key);
    const present = members.get(name);
    // The base's spelling stays: an old section name is then reported against the file that uses it.
    members.set(name, present === undefined ? member : { key: present.key, node: overlaid(present.node, member.node) });
  }
  return { ...base, members: [...members.values()] };
}

function overlaidList(base: ArrayNode, entries: Iterable<readonly [number, ConfigNode]>): ArrayNode {
  const items = new Map<number, ConfigNode>(base.items.entries());
  for (const [index, node] of entries) {
    const present = items.get(index);
    items.set(index, present === undefined ? node : overlaid(present, node));
  }
  // .NET binds the children in the order of their indexes, whatever is missing between them.
  return { ...base, items: [...items].toSorted(([a], [b]) => a - b).map(([, node]) => node) };
}

function indexed(node: ObjectNode): readonly (readonly [number, ConfigNode])[] {
  return node.members
    .filter((member) => /^\d+$/.test(member.key))
    .map((member) => [Number(member.key), member.node] as const);
}
