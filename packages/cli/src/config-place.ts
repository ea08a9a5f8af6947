import { type ConfigDocument, ConfigError, type ConfigIssue, type ConfigNode } from '@ocelot/core';

/** Where a value stands in a file. */
type FilePlace = Pick<ConfigIssue, 'source' | 'line' | 'column'>;

/**
 * Finds where a value stands in the files it was read from, for messages: `ocelot.json#/GlobalConfiguration/…`. Keys
 * match without case, as everywhere in a configuration.
 * @returns undefined when there is no such value.
 */
export function configPlace(document: ConfigDocument, path: readonly (string | number)[]): FilePlace | undefined {
  const { node, rest } = deepest(document.root, path);
  return rest.length === 0 ? placeOf(node) : undefined;
}

/**
 * Adds file, line and column to problems that plugins name by the place of a route or by `GlobalConfiguration/…`, since
 * plugins do not see the files. A key that is missing has the line of the section that it is missing from.
 * @returns the error itself when it is none of a configuration.
 */
export function placedError(error: unknown, document: ConfigDocument | undefined): unknown {
  if (!(error instanceof ConfigError) || document === undefined) return error;
  return new ConfigError(error.issues.map((issue) => placedIssue(issue, document)));
}

/** See {@link placedError}. */
export function placedIssue(issue: ConfigIssue, document: ConfigDocument): ConfigIssue {
  if (issue.line !== undefined) return issue;
  const hash = issue.source.indexOf('#');
  const path = stepsOf(issue.source.slice(hash + 1));
  const start = startOf(document, hash === -1 ? document.fileName : issue.source.slice(0, hash), path);
  if (start === undefined) return issue;
  const { node, rest } = deepest(start.node, start.rest);
  const place = placeOf(node);
  return rest.length === 0 ? { ...issue, ...place } : { ...issue, ...place, source: [place.source, ...rest].join('/') };
}

/** Of `/GlobalConfiguration/Gateway`, with or without the first slash, or with dots. */
function stepsOf(pointer: string): readonly string[] {
  const steps = pointer.includes('/') ? pointer.replace(/^\//, '').split('/') : pointer.split('.');
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Routes are numbered as in their own file, which may be one of several; there is one GlobalConfiguration for all. */
function startOf(document: ConfigDocument, file: string, path: readonly string[]): Found | undefined {
  const [section = '', index = ''] = path;
  if (section === 'GlobalConfiguration') return { node: document.root, rest: path };
  const list = child(document.root, section);
  if (list?.kind !== 'array') return undefined;
  const pointer = `/${section}/${index}`.toLowerCase();
  const node = list.items.find(({ place }) => place.file === file && place.pointer.toLowerCase() === pointer);
  return node && { node, rest: path.slice(2) };
}

interface Found {
  readonly node: ConfigNode;
  /** The steps that lead on from there. */
  readonly rest: readonly (string | number)[];
}

/** Follows the steps as far as there are values. */
function deepest(root: ConfigNode, path: readonly (string | number)[]): Found {
  let node = root;
  for (const [at, step] of path.entries()) {
    const next = child(node, step);
    if (next === undefined) return { node, rest: path.slice(at) };
    node = next;
  }
  return { node, rest: [] };
}

function child(node: ConfigNode, step: string | number): ConfigNode | undefined {
  if (node.kind === 'array') return node.items[Number(step)];
  if (node.kind !== 'object') return undefined;
  return node.members.findLast(({ key }) => key.toLowerCase() === String(step).toLowerCase())?.node;
}

function placeOf({ place: { file, pointer, line, column } }: ConfigNode): FilePlace {
  const source = file.startsWith('env:') ? file : `${file}#${pointer}`;
  return { source, ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
}
