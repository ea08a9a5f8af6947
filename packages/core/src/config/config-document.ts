import type { ConfigIssue } from '../errors/config-error.js';
import { type ConfigNode, nodeFromValue, type ObjectNode, placeFields } from './config-node.js';
import { findDuplicateKeys } from './duplicate-keys.js';

/**
 * One configuration file, read but not yet understood: its content, where everything in it stands, and what was noticed
 * while reading. Made by {@link parseConfigText}, merged by {@link mergeConfigParts}, {@link overlayConfig} and
 * {@link overlayEnvironment}, understood by {@link readConfiguration}.
 */
export interface ConfigDocument {
  /** Tells a document from a plain configuration object. */
  readonly type: 'ocelot-config-document';
  readonly fileName: string;
  /** Always an object: a file that holds none has errors among its issues. */
  readonly root: ObjectNode;
  /** Syntax errors, duplicate keys, bytes that are no text. */
  readonly issues: readonly ConfigIssue[];
}

/** Puts a document together. */
export function configDocument(fileName: string, root: ObjectNode, issues: readonly ConfigIssue[]): ConfigDocument {
  return { type: 'ocelot-config-document', fileName, root, issues };
}

/** Tells a document from any other object. */
export function isConfigDocument(input: unknown): input is ConfigDocument {
  return typeof input === 'object' && input !== null && 'type' in input && input.type === 'ocelot-config-document';
}

/** Makes a document of a configuration that is a plain object already (embedded use). */
export function documentFromObject(value: object, fileName: string): ConfigDocument {
  const issues: ConfigIssue[] = [];
  const root = requireObject(nodeOf(value, fileName, issues), issues);
  issues.push(...findDuplicateKeys(root));
  return configDocument(fileName, root, issues);
}

function nodeOf(value: object, file: string, issues: ConfigIssue[]): ConfigNode {
  try {
    return nodeFromValue(value, file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { file, pointer: '' };
    issues.push({
      severity: 'error',
      kind: 'WrongType',
      ...placeFields(place),
      message: 'The configuration object refers to itself or nests too deeply.',
      hint: 'Hand over plain data, as JSON.parse would make it.',
    });
    return { kind: 'object', place, members: [] };
  }
}

/** The node itself when it is an object, else an empty one and an error. */
export function requireObject(node: ConfigNode, issues: ConfigIssue[]): ObjectNode {
  if (node.kind === 'object') return node;
  issues.push({
    severity: 'error',
    kind: 'WrongType',
    ...placeFields(node.place),
    message: 'The configuration is not a JSON object.',
    hint: 'Write { "Routes": [ … ] }.',
  });
  return { kind: 'object', place: node.place, members: [] };
}
