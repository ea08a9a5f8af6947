import { type Node as JsonNode, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

import type { ConfigIssue } from '../errors/config-error.js';
import { type ConfigDocument, configDocument, requireObject } from './config-document.js';
import { childPointer, type ConfigNode, type Place, placeFields } from './config-node.js';
import { decodeText } from './decode-text.js';
import { findDuplicateKeys } from './duplicate-keys.js';

/** .NET's JSON reader stops at the same depth. */
const MAX_DEPTH = 64;

/**
 * Reads the text of one configuration file. Never throws: what is wrong is among the document's issues, and
 * {@link readConfiguration} refuses it with all of them.
 *
 * The dialect is .NET's: `//` and block comments, trailing commas, a byte-order mark. A key that appears twice in one
 * object is an error. Bytes that are not UTF-8 are replaced, with a warning. An empty file, or one wholly commented
 * out, is an empty configuration.
 *
 * @param fileName Shown in every message; `ocelot.global.json` has a meaning in {@link mergeConfigParts}.
 */
export function parseConfigText(content: Uint8Array | string, fileName: string): ConfigDocument {
  const { text, replacedAt } = decodeText(content);
  const position = positions(text);
  const issues: ConfigIssue[] = [];
  if (replacedAt !== undefined) {
    issues.push({
      severity: 'warning',
      kind: 'NotUtf8',
      ...placeFields({ file: fileName, pointer: '', ...position(replacedAt) }),
      message: 'The file holds bytes that are not UTF-8; they were replaced.',
      hint: 'Save the file as UTF-8.',
    });
  }
  const { tree, errors, tooDeep } = parse(text);
  for (const error of withoutEchoes(errors)) issues.push(syntaxIssue(error, fileName, position(error.offset)));
  const empty: Place = { file: fileName, pointer: '' };
  if (tooDeep) {
    issues.push({
      severity: 'error',
      kind: 'JsonSyntax',
      ...placeFields(empty),
      message: `The file nests objects and lists deeper than ${MAX_DEPTH} levels.`,
      hint: 'Ocelot reads no such file either: flatten it.',
    });
  }
  if (tree === undefined || tooDeep) {
    return configDocument(fileName, { kind: 'object', place: empty, members: [] }, issues);
  }
  const root = requireObject(toNode(tree, { file: fileName, pointer: '', ...position(tree.offset) }, position), issues);
  issues.push(...findDuplicateKeys(root));
  return configDocument(fileName, root, issues);
}

type Position = (offset: number) => { readonly line: number; readonly column: number };

/** Line and column of an offset, 1-based, by binary search in the offsets of the line starts. */
function positions(text: string): Position {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** The tree of the text; `tooDeep` when its brackets exhausted the stack of the recursive parser. */
function parse(text: string): { tree: JsonNode | undefined; errors: readonly ParseError[]; tooDeep: boolean } {
  const errors: ParseError[] = [];
  try {
    const tree = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
    return { tree, errors, tooDeep: tree !== undefined && depthOf(tree) > MAX_DEPTH };
  } catch (error) {
    if (error instanceof RangeError) return { tree: undefined, errors: [], tooDeep: true };
    throw error;
  }
}

/** An unknown word is reported once: the parser also misses the value or key that should have stood in its place. */
function withoutEchoes(errors: readonly ParseError[]): readonly ParseError[] {
  return errors.filter((error, index) => {
    const before = errors[index - 1];
    if (before === undefined || printParseErrorCode(before.error) !== 'InvalidSymbol') return true;
    return error.offset > before.offset + before.length + 1;
  });
}

function depthOf(tree: JsonNode): number {
  let depth = 0;
  let level: readonly JsonNode[] = [tree];
  while (level.length > 0 && depth <= 2 * MAX_DEPTH) {
    // A property node stands between an object and its value and is no level of the file.
    level = level.flatMap((node) =>
      (node.children ?? []).flatMap((c) => (c.type === 'property' ? (c.children ?? []) : c)),
    );
    depth += 1;
  }
  return depth;
}

function toNode(json: JsonNode, place: Place, position: Position): ConfigNode {
  const children = json.children ?? [];
  if (json.type === 'array') {
    const items = children.map((child, index) =>
      toNode(
        child,
        { file: place.file, pointer: childPointer(place.pointer, index), ...position(child.offset) },
        position,
      ),
    );
    return { kind: 'array', place, items };
  }
  if (json.type === 'object') {
    const members = children.flatMap((property) => {
      const [name, value] = property.children ?? [];
      // Half a property: a syntax error was reported for it.
      if (name === undefined || value === undefined) return [];
      const key = String(name.value);
      const at = { file: place.file, pointer: childPointer(place.pointer, key), ...position(property.offset) };
      return [{ key, node: toNode(value, at, position) }];
    });
    return { kind: 'object', place, members };
  }
  return { kind: 'scalar', place, value: json.value as string | number | boolean | null };
}

const SYNTAX_WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'A word that JSON does not know (texts need double quotes).',
  InvalidNumberFormat: 'A number is malformed.',
  PropertyNameExpected: 'A key in double quotes is expected here.',
  ValueExpected: 'A value is expected here.',
  ColonExpected: 'A colon is missing between key and value.',
  CommaExpected: 'A comma is missing before this.',
  CloseBraceExpected: 'A closing brace } is missing.',
  CloseBracketExpected: 'A closing bracket ] is missing.',
  EndOfFileExpected: 'The file goes on after its end.',
  UnexpectedEndOfComment: 'A block comment is not closed with */.',
  UnexpectedEndOfString: 'A text is not closed with a double quote.',
  UnexpectedEndOfNumber: 'A number ends too early.',
  InvalidUnicode: 'A \\u escape needs four hexadecimal digits.',
  InvalidEscapeCharacter: 'A backslash escape is not one of JSON (write \\\\ for a backslash).',
  InvalidCharacter: 'A control character stands inside a text.',
};

function syntaxIssue(
  error: ParseError,
  file: string,
  at: { readonly line: number; readonly column: number },
): ConfigIssue {
  return {
    severity: 'error',
    kind: 'JsonSyntax',
    ...placeFields({ file, pointer: '', ...at }),
    message: SYNTAX_WORDS[printParseErrorCode(error.error)] ?? 'The file is not valid JSON.',
    hint: `Look at line ${at.line}, column ${at.column}, or just before it.`,
  };
}
