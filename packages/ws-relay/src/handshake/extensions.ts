import { isToken, trimBlanks } from '@ocelot/relay-kit';

/** One element of a `Sec-WebSocket-Extensions` header (RFC 6455 §9.1). */
export interface Extension {
  /** In lower case. */
  readonly name: string;
  /** In order, duplicates kept. */
  readonly parameters: readonly ExtensionParameter[];
  /** Whether it keeps to the grammar. */
  readonly isWellFormed: boolean;
}

/** One parameter of an extension. */
export interface ExtensionParameter {
  /** In lower case. */
  readonly name: string;
  /** Without quotes and escapes; undefined: it has none. */
  readonly value: string | undefined;
}

/**
 * Reads the elements of all lines of a `Sec-WebSocket-Extensions` header; empty ones do not count. It takes time
 * proportional to the text: what it reads comes from anybody (CVE-2020-7662 was a pattern that did not).
 */
export function readExtensions(values: readonly string[]): readonly Extension[] {
  return values
    .flatMap((value) => splitUnquoted(value, ','))
    .map(trimBlanks)
    .filter((element) => element !== '')
    .map(readExtension);
}

function readExtension(element: string): Extension {
  const [name = '', ...rest] = splitUnquoted(element, ';').map(trimBlanks);
  const parameters: ExtensionParameter[] = [];
  let isWellFormed = isToken(name);
  for (const text of rest) {
    const parameter = readParameter(text);
    if (parameter === undefined) isWellFormed = false;
    else parameters.push(parameter);
  }
  return { name: name.toLowerCase(), parameters, isWellFormed };
}

function readParameter(text: string): ExtensionParameter | undefined {
  const equals = text.indexOf('=');
  const name = trimBlanks(equals === -1 ? text : text.slice(0, equals));
  if (!isToken(name)) return undefined;
  if (equals === -1) return { name: name.toLowerCase(), value: undefined };
  const value = unquote(trimBlanks(text.slice(equals + 1)));
  // A quoted value is a token too, once its quotes are off (RFC 6455 §9.1).
  return isToken(value) ? { name: name.toLowerCase(), value } : undefined;
}

function unquote(text: string): string {
  const isQuoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  return isQuoted ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

/** Splits at a character that stands outside quoted strings (RFC 9110 §5.6.4). An open quote reaches to the end. */
function splitUnquoted(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (isQuoted && character === '\\') i += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
