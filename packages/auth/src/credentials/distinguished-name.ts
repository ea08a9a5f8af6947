/**
 * The attributes of a distinguished name by type, escapes undone (RFC 4514 §3); several of one type keep their order.
 * Values in the `#hex` form stay as they are.
 */
export function distinguishedName(text: string): Readonly<Record<string, readonly string[]>> {
  const attributes = Object.create(null) as Record<string, string[]>;
  for (const part of text.match(/(?:\\.|[^\\,+])+/gs) ?? []) {
    const at = part.indexOf('=');
    if (at > 0) (attributes[part.slice(0, at).trim()] ??= []).push(unescape(part.slice(at + 1)));
  }
  return attributes;
}

/** Runs of `\C3\A4` are bytes of UTF-8; any other character behind a backslash is itself. */
function unescape(value: string): string {
  return value.replace(/(?:\\[0-9a-f]{2})+|\\(.)/gis, (escape, character: string | undefined) =>
    character === undefined ? Buffer.from(escape.replaceAll('\\', ''), 'hex').toString('utf8') : character,
  );
}
