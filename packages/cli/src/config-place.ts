import type { ConfigDocument, ConfigIssue, ConfigNode } from '@ocelot/core';

/**
 * Finds where a value stands in the files it was read from, for messages: `ocelot.json#/GlobalConfiguration/…`. Keys
 * match without case, as everywhere in a configuration.
 * @returns undefined when there is no such value.
 */
export function configPlace(
  document: ConfigDocument,
  path: readonly (string | number)[],
): Pick<ConfigIssue, 'source' | 'line' | 'column'> | undefined {
  let node: ConfigNode | undefined = document.root;
  for (const step of path) node = node === undefined ? undefined : child(node, step);
  if (node === undefined) return undefined;
  const { file, pointer, line, column } = node.place;
  const source = file.startsWith('env:') ? file : `${file}#${pointer}`;
  return { source, ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
}

function child(node: ConfigNode, step: string | number): ConfigNode | undefined {
  if (typeof step === 'number') return node.kind === 'array' ? node.items[step] : undefined;
  if (node.kind !== 'object') return undefined;
  return node.members.findLast(({ key }) => key.toLowerCase() === step.toLowerCase())?.node;
}
