/**
 * The values of one cookie, in the order sent (RFC 6265 §5.4); names are compared with case, quotes around a value are
 * taken off.
 * @param header All lines of `Cookie`, joined by `; `.
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  if (header === undefined) return [];
  return header
    .split(';')
    .map(readPair)
    .filter((pair) => pair.name === name)
    .map((pair) => pair.value);
}

/** The header without any cookie of the name; undefined when nothing is left. The others stay byte for byte. */
export function withoutCookie(header: string, name: string): string | undefined {
  const pairs = header.split(';');
  const kept = pairs.filter((pair) => readPair(pair).name !== name);
  if (kept.length === pairs.length) return header;
  const rest = kept.join(';').trim();
  return rest === '' ? undefined : rest;
}

function readPair(pair: string): { readonly name: string; readonly value: string } {
  const at = pair.indexOf('=');
  if (at < 0) return { name: pair.trim(), value: '' };
  const value = pair.slice(at + 1).trim();
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return { name: pair.slice(0, at).trim(), value: isQuoted ? value.slice(1, -1) : value };
}
