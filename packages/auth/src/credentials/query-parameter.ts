// Parameters are cut out of the query as bytes of it: the others keep their encoding, order and duplicates.

/**
 * The values of one parameter, decoded; `name` is compared after decoding, with case.
 * @param query With its leading `?`, or empty.
 */
export function queryValues(query: string, name: string): readonly string[] {
  if (query.length < 2) return [];
  return parts(query)
    .filter((part) => nameOf(part) === name)
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? '' : decode(part.slice(at + 1));
    });
}

/** The query without any parameter of the name, whatever its encoding; the rest stays byte for byte. */
export function withoutQueryParameter(query: string, name: string): string {
  if (query.length < 2) return query;
  const all = parts(query);
  const kept = all.filter((part) => nameOf(part) !== name);
  if (kept.length === all.length) return query;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function parts(query: string): readonly string[] {
  return query.slice(1).split('&');
}

function nameOf(part: string): string {
  const at = part.indexOf('=');
  return decode(at < 0 ? part : part.slice(0, at));
}

/** As forms are decoded (`+` is a blank); what is not UTF-8 stays as it is, and is no name or token of ours. */
function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
