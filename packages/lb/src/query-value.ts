/**
 * Reads one parameter out of a query, decoded, so that clients which encode it differently mean the same; of several
 * with the name the first counts. Names are compared with case.
 * @param query With its leading `?`, or empty.
 * @returns undefined when the parameter is absent or empty.
 */
export function queryValue(query: string, name: string): string | undefined {
  for (const pair of query.slice(1).split('&')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || decoded(pair.slice(0, equals)) !== name) continue;
    const value = decoded(pair.slice(equals + 1));
    return value === '' ? undefined : value;
  }
  return undefined;
}

/** As forms encode; a text that is not encoded right stands for itself. */
function decoded(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return text;
  }
}
