import type { ConfigIssue } from '../errors/config-error.js';
import { type ConfigNode, placeFields } from './config-node.js';

/**
 * Finds keys that appear twice in one object. Compared without case, because .NET's configuration compares so: `port`
 * beside `Port` stops Ocelot from starting.
 */
export function findDuplicateKeys(root: ConfigNode): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  visit(root, issues);
  return issues;
}

function visit(node: ConfigNode, issues: ConfigIssue[]): void {
  if (node.kind === 'scalar') return;
  if (node.kind === 'array') {
    for (const item of node.items) visit(item, issues);
    return;
  }
  const seen = new Map<string, string>();
  for (const { key, node: value } of node.members) {
    const first = seen.get(key.toLowerCase());
    if (first === undefined) seen.set(key.toLowerCase(), key);
    else {
      issues.push({
        severity: 'error',
        kind: 'DuplicateKey',
        ...placeFields(value.place),
        message: first === key ? `"${key}" appears twice in one object.` : `"${key}" repeats "${first}".`,
        hint: 'Keep one of them: keys are compared without case.',
      });
    }
    visit(value, issues);
  }
}
